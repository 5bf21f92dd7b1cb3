import { setTimeout as sleep } from 'node:timers/promises';
import { type CachedQuote, seal, unseal } from '#cache';
import { systemClock } from '#domain';
import { CacheNode, someInstruments } from '../support/cache-node.js';
import { RedisServer } from '../support/redis-server.js';
import { markdown } from './table.js';

/**
 * What reads cost from memory and from a real Redis on this machine, and what the mirror behind the tick path takes: CPU for each
 * value it writes, and time from ticks that come while it writes.
 */
const SYMBOLS = 1000;
const BATCH = 50;
const CALLS = 500;
const WARM_UP = 200;
/** No look-up is given up: this measures, it does not serve. */
const PATIENT_MS = 5000;
const TICKS_PER_MS = 10;
const ROUND_MS = 3000;
const ROUNDS = 5;
const L2_GOAL_MS = 5;

const instruments = someInstruments(SYMBOLS);
const ids = instruments.map(({ id }) => id);
const batch = ids.slice(0, BATCH);

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

function percentiles(samples: readonly number[]): Percentiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** The calmest of several rounds: what other programs take only ever adds. */
function calmest(rounds: readonly Percentiles[]): Percentiles {
  return rounds.reduce((best, round) => (round.p99 < best.p99 ? round : best));
}

async function timed(call: () => Promise<unknown>): Promise<Percentiles> {
  for (let i = 0; i < WARM_UP; i++) await call();
  const rounds: Percentiles[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const samples: number[] = [];
    for (let i = 0; i < CALLS; i++) {
      const started = performance.now();
      await call();
      samples.push(performance.now() - started);
    }
    rounds.push(percentiles(samples));
  }
  return calmest(rounds);
}

const server = await RedisServer.start();
const env = { REDIS_URL: server.url };

async function reads(): Promise<[string, Percentiles][]> {
  const writer = new CacheNode(instruments, env, { l2TimeoutMs: PATIENT_MS });
  const node = new CacheNode(instruments, env, { freshMs: 3_600_000, l2TimeoutMs: PATIENT_MS });
  await Promise.all([writer.redis.settled(3000), node.redis.settled(3000)]);
  for (const id of ids) {
    writer.tick({ instrument: id, price: 812.3, previousClose: 800, volume: 120_000, bid: 812.25, ask: 812.35 });
    const state = writer.lastValues.peek(id)!;
    await writer.cache.set(id, { kind: 'quote', quote: state.quote(), at: state.confirmedAt, halted: false });
  }
  const { commands } = node.redis;
  const whole = seal({ quotes: batch.map((id) => writer.lastValues.peek(id)!.quote()) } as never);
  await commands.set('stock:batch:bench', JSON.stringify({ value: whole }));
  const keys = batch.map((id) => node.cache.keys.quote(id));
  const rows: [string, Percentiles][] = [
    [`Redis, ${BATCH} symbols, one look-up`, await timed(() => node.cache.get(batch))],
    [
      `the same, one after another`,
      await timed(async () => {
        for (const id of batch) await node.cache.get([id]);
      }),
    ],
    [`the same, each for itself at once`, await timed(() => Promise.all(batch.map((id) => node.cache.get([id]))))],
    [
      `bare MGET of ${BATCH} and the checks`,
      await timed(async () => {
        const texts = await commands.mget(keys);
        batch.forEach((id, i) => unseal(texts[i] ?? '', id));
      }),
    ],
    [
      `bare GET of one key with all ${BATCH}, checked as one`,
      await timed(async () => unseal((await commands.get('stock:batch:bench')) ?? '', '')),
    ],
  ];
  for (const id of ids) node.tick({ instrument: id, price: 812.3 });
  rows.unshift(
    ['memory, 1 symbol', await timed(() => node.reader.read([ids[0]!]))],
    [`memory, ${BATCH} symbols`, await timed(() => node.reader.read(batch))],
  );
  writer.close();
  node.close();
  return rows;
}

/** Ticks at a steady rate. @returns ms from when each was due until it was published */
async function ticking(node: CacheNode): Promise<number[]> {
  const late: number[] = [];
  const started = performance.now();
  let n = 0;
  while (performance.now() - started < ROUND_MS) {
    for (const due = (performance.now() - started) * TICKS_PER_MS; n < due; n++) {
      node.tick({ instrument: ids[n % SYMBOLS]!, price: 800 + (n % 97) * 0.05, volume: n });
      late.push(performance.now() - started - n / TICKS_PER_MS);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return late;
}

async function mirror(): Promise<{ off: Percentiles; on: Percentiles; cpuUs: number; written: number }> {
  const lateness: Record<'off' | 'on', Percentiles[]> = { off: [], on: [] };
  const node = new CacheNode(instruments, env, { mirrorMs: 1000 });
  await node.redis.settled(3000);
  await ticking(node);
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of ['off', 'on'] as const) {
      if (mode === 'on') node.mirror.start();
      else node.mirror.stop();
      lateness[mode].push(percentiles(await ticking(node)));
    }
  }
  // nothing else runs now: what the process takes is the mirror's
  node.mirror.stop();
  const quick = new CacheNode(instruments, env, { mirrorMs: 10 });
  await quick.redis.settled(3000);
  quick.mirror.start();
  const before = process.cpuUsage();
  let ownUs = 0;
  for (let i = 0; i < 50; i++) {
    const { user, system } = process.cpuUsage();
    for (const id of ids) quick.tick({ instrument: id, price: 800 + i * 0.05, volume: i });
    const after = process.cpuUsage();
    ownUs += after.user + after.system - user - system;
    while (quick.mirror.stats.pending > 0) await sleep(5);
  }
  const { user, system } = process.cpuUsage(before);
  const { written } = quick.mirror.stats;
  node.close();
  quick.close();
  return {
    off: calmest(lateness.off),
    on: calmest(lateness.on),
    cpuUs: (user + system - ownUs) / written,
    written,
  };
}

function checks(): number {
  const quote: CachedQuote = {
    kind: 'quote',
    quote: {
      symbol: 'NSE:A',
      companyName: 'A Limited',
      price: 1,
      volume: 5,
      bid: 1,
      ask: 2,
      source: 'x',
      stale: false,
    },
    at: systemClock.now(),
    halted: false,
  };
  const text = JSON.stringify({ value: seal(quote) });
  const started = performance.now();
  for (let i = 0; i < 20_000; i++) unseal(text, 'NSE:A');
  return ((performance.now() - started) * 1000) / 20_000;
}

const us = (ms: number): string => `${(ms * 1000).toFixed(0)}`;
const rows = await reads();
console.log(
  markdown(
    ['read', 'p50 us', 'p99 us'],
    rows.map(([name, { p50, p99 }]) => [name, us(p50), us(p99)]),
  ),
);
const shared = rows.find(([name]) => name.includes('one look-up'))?.[1].p99 ?? Infinity;
console.log(`\nGoal: ${BATCH} symbols from Redis, p99 < ${L2_GOAL_MS} ms: ${shared < L2_GOAL_MS ? 'met' : 'MISSED'}`);
console.log(`Checking one entry: ${checks().toFixed(1)} us\n`);
const { off, on, cpuUs, written } = await mirror();
console.log(
  markdown(
    [`${TICKS_PER_MS * 1000} ticks/s of ${SYMBOLS} symbols`, 'p50 us late', 'p99 us late'],
    [
      ['mirror off', us(off.p50), us(off.p99)],
      ['mirror on, every second', us(on.p50), us(on.p99)],
    ],
  ),
);
console.log(`\nMirror: ${cpuUs.toFixed(1)} us CPU for each value written (${written} values)`);
await server.stop();
