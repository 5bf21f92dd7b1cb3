import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CacheNode, someInstruments } from '../support/cache-node.js';
import { RedisServer } from '../support/redis-server.js';
import { AddedLatency, ArrivalsClient } from './arrivals-client.js';
import { FeedThread } from './feed-thread.js';
import { cpuSecondsOf } from './machine.js';
import { writeReport } from './report-file.js';
import { ServerProcess } from './server-process.js';
import { markdown } from './table.js';
import { symbolOf } from './workload.js';

/**
 * What it costs to hand updates on to other nodes, and how much later their clients are told: 10,000 updates/s, one stock Socket.IO client of
 * all symbols on each node. Beside it the same with room emits through @socket.io/redis-adapter.
 */
const SYMBOLS = 1000;
const TICKS_PER_SECOND = 10;
const WINDOW_MS = 25;
const WARM_UP_MS = 3000;
const ROUND_MS = 5000;
const ROUNDS = 3;
const ADDED_GOAL_MS = 5;
const TIMES_GOAL = 10;
const L2_SYMBOLS = 50;
const L2_GOAL_MS = 5;

type Kind = 'product' | 'baseline';

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SCRIPTS = { product: script('../../apps/server/src/main.js'), baseline: script('./baseline/fleet-main.js') };
const symbols = Array.from({ length: SYMBOLS }, (_, index) => symbolOf(index));

interface Round {
  /** Updates/s that the client of the first node was told, or the feed sent. */
  readonly rate: number;
  /** CPU of the first node, of the others together and of Redis, us for each update. */
  readonly sender: number;
  readonly receivers: number;
  readonly redis: number;
  readonly p50: number;
  readonly p99: number;
}

interface Setup {
  readonly kind: Kind;
  readonly nodes: number;
  readonly hasRedis: boolean;
  /** False: the client leaves, and the server goes on with what it had wanted. */
  readonly hasClients?: boolean;
  /** Whether last values are written for REST and for starts too, which is not handing on, and which the adapter does not do. */
  readonly hasCache?: boolean;
}

function quantile(samples: readonly number[], share: number): number {
  return samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * share) - 1] ?? NaN;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function environment(
  { kind, hasRedis, hasCache }: Setup,
  feedPort: number,
  redis: RedisServer,
  isFirst: boolean,
): Record<string, string> {
  const url = `ws://127.0.0.1:${feedPort}/json/stream`;
  if (kind === 'baseline')
    return { ...(isFirst && { JSON_URL: url }), ...(hasRedis && { REDIS_PORT: String(redis.port) }) };
  return {
    VENDORS: 'json',
    JSON_URL: url,
    INSTRUMENTS: `http://127.0.0.1:${feedPort}/instruments.csv`,
    CONFLATION_MS: String(WINDOW_MS),
    MARKET_HOURS: 'always',
    LOG_LEVEL: 'warn',
    DRAIN_GRACE_MS: '0',
    MAX_SYMBOLS_PER_CLIENT: '1000',
    ESSENTIAL: symbols.join(),
    ...(hasCache !== true && { MIRROR_MS: '0' }),
    ...(hasRedis && { REDIS_URL: redis.url }),
  };
}

/** Brings up the servers with a client each, and measures some rounds. */
async function measure(setup: Setup): Promise<Round[]> {
  const redis = await RedisServer.start();
  const subscribers = new Float64Array(SYMBOLS).fill(1);
  const feed = await FeedThread.start({ symbols: SYMBOLS, seed: 7, windowMs: WINDOW_MS, subscribers });
  const servers: ServerProcess[] = [];
  const clients: ArrivalsClient[] = [];
  try {
    const added = new AddedLatency();
    for (let node = 0; node < setup.nodes; node++) {
      // the first is the owner once it is there alone
      const env = environment(setup, feed.port, redis, node === 0);
      // nodes that share a core wait for one another, which is not what is measured
      servers.push(await ServerProcess.start(SCRIPTS[setup.kind], env, false));
      if (node === 0) await sleep(1000);
    }
    const tell = [
      (position: string, at: number): void => added.atFirst(position, at),
      (position: string, at: number): void => added.atSecond(position, at),
    ];
    for (const [node, { port }] of servers.entries())
      clients.push(await ArrivalsClient.join(port, symbols, setup.nodes > 1 ? tell[node] : undefined));
    if (setup.hasClients === false) for (const client of clients.splice(0)) client.close();
    feed.setRate(TICKS_PER_SECOND);
    await sleep(WARM_UP_MS);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await oneRound(servers, clients, redis, feed, added));
    return rounds;
  } finally {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
    await feed.stop();
    await redis.stop();
  }
}

async function oneRound(
  servers: readonly ServerProcess[],
  clients: readonly ArrivalsClient[],
  redis: RedisServer,
  feed: FeedThread,
  added: AddedLatency,
): Promise<Round> {
  const cpu = (): number[] => {
    const [first = 0, ...others] = servers.map((server) => server.cpuSeconds());
    return [first, others.reduce((sum, one) => sum + one, 0), cpuSecondsOf(redis.pid)];
  };
  added.take();
  const before = {
    cpu: cpu(),
    told: clients.map(({ updates }) => updates),
    ticks: feed.totals().ticks,
    at: performance.now(),
  };
  await sleep(ROUND_MS);
  const seconds = (performance.now() - before.at) / 1000;
  const told = clients.map(({ updates }, i) => updates - before.told[i]!);
  const ticks = feed.totals().ticks - before.ticks;
  const [sender, receivers, ofRedis] = cpu().map((value, i) => ((value - before.cpu[i]!) / ticks) * 1e6);
  if (Math.min(ticks, ...told) < ticks * 0.9) throw new Error(`of ${ticks} updates clients were told ${told.join()}`);
  const samples = added.take();
  return {
    rate: (told[0] ?? ticks) / seconds,
    sender: sender!,
    receivers: receivers!,
    redis: ofRedis!,
    p50: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
  };
}

/** Look-ups of many symbols in Redis, the calmest of several rounds: what other programs take only ever adds. */
async function sharedReads(): Promise<{ p50: number; p99: number }> {
  const redis = await RedisServer.start();
  const instruments = someInstruments(L2_SYMBOLS);
  const ids = instruments.map(({ id }) => id);
  const env = { REDIS_URL: redis.url };
  const [writer, reader] = [
    new CacheNode(instruments, env, { l2TimeoutMs: 5000 }),
    new CacheNode(instruments, env, { l2TimeoutMs: 5000 }),
  ];
  await Promise.all([writer.redis.settled(3000), reader.redis.settled(3000)]);
  for (const id of ids) {
    writer.tick({ instrument: id, price: 812.3, previousClose: 800, volume: 120_000, bid: 812.25, ask: 812.35 });
    const state = writer.lastValues.peek(id)!;
    await writer.cache.set(id, { kind: 'quote', quote: state.quote(), at: state.confirmedAt, halted: false });
  }
  const rounds: { p50: number; p99: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const samples: number[] = [];
    for (let i = 0; i < 500; i++) {
      const started = performance.now();
      await reader.cache.get(ids);
      samples.push(performance.now() - started);
    }
    // the first only warms up
    if (round > 0) rounds.push({ p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) });
  }
  writer.close();
  reader.close();
  await redis.stop();
  return rounds.toSorted((a, b) => a.p99 - b.p99)[0]!;
}

const SETUPS: readonly (Setup & { name: string })[] = [
  { name: 'Tickwire, no Redis, no client', kind: 'product', nodes: 1, hasRedis: false, hasClients: false },
  { name: 'Tickwire, no Redis', kind: 'product', nodes: 1, hasRedis: false },
  { name: 'Tickwire, 1 node', kind: 'product', nodes: 1, hasRedis: true },
  { name: 'Tickwire, 2 nodes', kind: 'product', nodes: 2, hasRedis: true },
  { name: 'Tickwire, 3 nodes', kind: 'product', nodes: 3, hasRedis: true },
  { name: 'Tickwire, 2 nodes, last values cached too', kind: 'product', nodes: 2, hasRedis: true, hasCache: true },
  { name: 'room emits, no adapter, no client', kind: 'baseline', nodes: 1, hasRedis: false, hasClients: false },
  { name: 'room emits, no adapter', kind: 'baseline', nodes: 1, hasRedis: false },
  { name: 'room emits, 2 servers, redis-adapter', kind: 'baseline', nodes: 2, hasRedis: true },
];

const figures = new Map<string, Round>();
for (const setup of SETUPS) {
  const rounds = await measure(setup);
  const calmest = rounds.toSorted((a, b) => a.p99 - b.p99)[0]!;
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick));
  figures.set(setup.name, {
    rate: middle(({ rate }) => rate),
    sender: middle(({ sender }) => sender),
    receivers: middle(({ receivers }) => receivers) / Math.max(1, setup.nodes - 1),
    redis: middle(({ redis }) => redis),
    p50: calmest.p50,
    p99: calmest.p99,
  });
  console.log(`${setup.name}: ${figures.get(setup.name)!.rate.toFixed(0)} updates/s`);
}
const reads = await sharedReads();

const number = (value: number, digits = 1): string => (Number.isFinite(value) ? value.toFixed(digits) : '');
const of = (name: string): Round => figures.get(name)!;
const [pair, three] = [of('Tickwire, 2 nodes'), of('Tickwire, 3 nodes')];
/**
 * CPU for handing one update on to one other node, without what its client costs: what the sender takes more than alone, the receiver
 * more than a server for its client, and Redis.
 */
const handing = (idle: Round, alone: Round, joined: Round): { sender: number; receiver: number; redis: number } => ({
  sender: joined.sender - alone.sender,
  receiver: joined.receivers - (alone.sender - idle.sender),
  redis: joined.redis,
});
const ours = handing(of('Tickwire, no Redis, no client'), of('Tickwire, no Redis'), pair);
const theirs = handing(
  of('room emits, no adapter, no client'),
  of('room emits, no adapter'),
  of('room emits, 2 servers, redis-adapter'),
);

const table = markdown(
  ['', 'updates/s', 'first node, us CPU/update', 'each other', 'Redis', 'added p50 ms', 'added p99 ms'],
  [...figures].map(([name, row]) => [
    name,
    number(row.rate, 0),
    number(row.sender),
    row.receivers === 0 ? '' : number(row.receivers),
    number(row.redis),
    number(row.p50, 2),
    number(row.p99, 2),
  ]),
);
const sum = ({ sender, receiver, redis }: typeof ours): number => sender + receiver + redis;
const verdict = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
const p99 = Math.max(pair.p99, three.p99);
const ratio = sum(theirs) / sum(ours);
const parts = ({ sender, receiver, redis }: typeof ours): string =>
  `${number(sender)} + ${number(receiver)} + ${number(redis)}`;
const goals = markdown(
  ['goal', 'measured', ''],
  [
    [
      `other nodes' clients are told < ${ADDED_GOAL_MS} ms later, p99`,
      `${p99.toFixed(2)} ms`,
      verdict(p99 < ADDED_GOAL_MS),
    ],
    [
      `handing an update on is >= ${TIMES_GOAL} times cheaper than a room emit through redis-adapter`,
      `${ratio.toFixed(1)} times: us for sender + receiver + Redis ${parts(ours)} beside ${parts(theirs)}`,
      verdict(ratio >= TIMES_GOAL),
    ],
    [
      `${L2_SYMBOLS} symbols from Redis < ${L2_GOAL_MS} ms, p99`,
      `${reads.p99.toFixed(2)} ms`,
      verdict(reads.p99 < L2_GOAL_MS),
    ],
  ],
);
const machine = `${cpus()[0]?.model ?? 'unknown CPU'} x ${cpus().length}, Node ${process.version}; nothing is pinned`;
const report = `${machine}\n\n${table}\n\n${goals}`;
console.log(`\n${report}`);
console.log(
  `\nWritten to ${writeReport('fleet', { figures: Object.fromEntries(figures), ours, theirs, reads }, report)}`,
);
