import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { aSandbox } from '../support/vendor-sandbox.js';
import { RedisServer } from '../support/redis-server.js';
import { load } from './keep-alive-client.js';
import { describeMachine, pinGenerator } from './machine.js';
import { writeReport } from './report-file.js';
import { ServerProcess } from './server-process.js';
import { markdown } from './table.js';

/**
 * REST quotes from memory against a plain Nest controller that reads Redis per request: the same client, connections and symbols, one
 * server after the other, in turns. Both have the same core, so the one that is not measured is halted meanwhile.
 */
const CONNECTIONS = 32;
const WARM_UP_MS = 1000;
const MEASURE_MS = 2500;
const ROUNDS = 7;
const GOAL = 5;
const LIVE_WITHIN_MS = 30_000;

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

pinGenerator();
const sandbox = await aSandbox({ SANDBOX_SEED: '7' });
const symbols = [...sandbox.market.listings.values()]
  .map(({ instrument }) => instrument.id)
  .filter((id) => id.startsWith('NSE:'))
  .slice(0, 50);

const tickwire = await ServerProcess.start(script('../../apps/server/src/main.js'), {
  ...sandbox.settings,
  VENDORS: 'json',
  HISTORY: 'off',
  LOG_LEVEL: 'error',
  MARKET_HOURS: 'always',
  ESSENTIAL: symbols.join(),
});
const redis = await RedisServer.start();
const baseline = await ServerProcess.start(script('./baseline/rest-main.js'), { REDIS_PORT: String(redis.port) });

const listOf = (some: readonly string[]): string => some.join().replaceAll('&', '%26');

interface Measured {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function measure(server: ServerProcess, path: string): Promise<Measured> {
  let cpu = 0;
  const { requests, seconds } = await load(server.port, path, CONNECTIONS, WARM_UP_MS, MEASURE_MS, () => {
    cpu = server.cpuSeconds();
  });
  return { perSecond: requests / seconds, cpuMicros: ((server.cpuSeconds() - cpu) / requests) * 1e6 };
}

/** Waits until all are served from memory, and answers their JSON. */
async function quotesWhenLive(): Promise<{ symbol: string; layer: string }[]> {
  const until = performance.now() + LIVE_WITHIN_MS;
  while (performance.now() < until) {
    const answer = await fetch(`http://127.0.0.1:${tickwire.port}/api/v1/quotes?symbols=${listOf(symbols)}`);
    const { quotes } = (await answer.json()) as { quotes: { symbol: string; layer: string }[] };
    if (quotes.length === symbols.length && quotes.every(({ layer }) => layer === 'l1')) return quotes;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('not all quotes became live');
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

const store = new Redis(redis.port, '127.0.0.1');
for (const quote of await quotesWhenLive()) await store.set(`stock:quote:${quote.symbol}`, JSON.stringify(quote));

const rows: string[][] = [];
let isMet = true;
for (const count of [1, symbols.length]) {
  const list = listOf(symbols.slice(0, count));
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    tickwire.pause();
    theirs.push(await measure(baseline, `/quotes?symbols=${list}`));
    tickwire.resume();
    baseline.pause();
    await quotesWhenLive();
    ours.push(await measure(tickwire, `/api/v1/quotes?symbols=${list}`));
    baseline.resume();
  }
  // of neighbours in time: what else the machine does meanwhile changes more slowly than the turns
  const ratio = median(ours.map(({ perSecond }, round) => perSecond / (theirs[round] as Measured).perSecond));
  isMet &&= ratio >= GOAL;
  rows.push([
    `${count}`,
    median(theirs.map((one) => one.perSecond)).toFixed(0),
    median(ours.map((one) => one.perSecond)).toFixed(0),
    `${ratio.toFixed(1)} x`,
    median(theirs.map((one) => one.cpuMicros)).toFixed(0),
    median(ours.map((one) => one.cpuMicros)).toFixed(0),
  ]);
}

store.disconnect();
await Promise.all([tickwire.stop(), baseline.stop()]);
await redis.stop();
await sandbox.close();

const table = markdown(
  [
    'symbols',
    'plain Nest + Redis, requests/s',
    'Tickwire, requests/s',
    'ratio',
    'plain, CPU us/request',
    'Tickwire, CPU us/request',
  ],
  rows,
);
const text = `${describeMachine()}
${CONNECTIONS} keep-alive connections without pipelining; median of ${ROUNDS} rounds of ${MEASURE_MS / 1000} s, of the ratio too: it is taken in each round. The server that is not measured is halted meanwhile. CPU is the server process' own, without Redis.

${table}

At least ${GOAL} times the requests a second: ${isMet ? 'met' : 'MISSED'}`;
writeReport('rest', { rows }, text);
process.stdout.write(`${text}\n`);
