import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeMachine, pinGenerator } from './machine.js';
import { STOCK } from './modes.js';
import { writeReport } from './report-file.js';
import { StoppedReader } from './stopped-reader.js';
import { markdown } from './table.js';
import { Target } from './target.js';
import { symbolOf, zipfWorkload } from './workload.js';

const MIB = 1024 * 1024;
const CLIENTS = 1_000;
/** Those who come last: readers in one case, in the other clients that stop reading at once. */
const LAST = 50;
const SYMBOLS = 1_000;
const PER_CLIENT = 50;
const RATE = 100_000;
const WINDOW_MS = 25;
const WARM_UP_MS = 3_000;
/** Of each case, in turns of a second, so that a busy host meets both alike; done before stopped readers are disconnected. */
const SLICES = 11;
/** Between the start of the feed and that of a slice. */
const SETTLE_MS = 200;
/** From the issue: how much worse the p99 of the others may be. */
const P99_LIMIT = 0.1;
const PAGE_BYTES = 4096;

type Case = 'all read' | 'the last 50 have stopped';

/** One server with its clients, and what was read of it in each of its turns. */
interface Side {
  readonly what: Case;
  readonly target: Target;
  readonly p50s: number[];
  readonly p99s: number[];
  readonly cpuPerMillion: number[];
  /** Highest so far. */
  rssBytes: number;
}

pinGenerator();
console.log(describeMachine());
const { subscribers, watchlists, subscriptions } = zipfWorkload({
  clients: CLIENTS,
  symbols: SYMBOLS,
  perClient: PER_CLIENT,
  seed: 1,
});
const stopped: StoppedReader[] = [];
const sides: Side[] = [];
let kernelGrowth = 0;
try {
  await compare();
} finally {
  for (const reader of stopped) reader.close();
  for (const { target } of sides) await target.close();
}
const report = [
  `${describeMachine()}. ${CLIENTS} stock Socket.IO clients x ${PER_CLIENT} of ${SYMBOLS} symbols, ${RATE} deliveries a second offered, window ${WINDOW_MS} ms; medians of ${SLICES} seconds each, in turns.`,
  markdown(
    ['clients', 'p50 ms', 'p99 ms', 'CPU-s/M', 'server RSS, MiB', 'readers disconnected'],
    sides.map(({ what, target, p50s, p99s, cpuPerMillion, rssBytes }) => [
      what,
      `${median(p50s)}`,
      `${median(p99s)}`,
      median(cpuPerMillion).toFixed(2),
      (rssBytes / MIB).toFixed(0),
      `${target.tally.disconnects}`,
    ]),
  ),
  verdict(),
].join('\n\n');
console.log(`\n${report}`);
writeReport(
  'slow',
  {
    machine: describeMachine(),
    date: new Date().toISOString(),
    sides: sides.map((side) => ({ ...side, target: undefined })),
  },
  report,
);

/** Both servers are up at once; the one whose turn it is not has no feed. */
async function compare(): Promise<void> {
  for (const what of ['all read', 'the last 50 have stopped'] as const) sides.push(await open(what));
  const [calm, strained] = sides as [Side, Side];
  const last = watchlists.slice(-LAST);
  await calm.target.join({ watchlists: last });
  const kernelBefore = kernelTcpBytes();
  for (const list of last) stopped.push(new StoppedReader(strained.target.server.port, list.map(symbolOf)));
  await Promise.all(stopped.map(({ joined }) => joined));
  for (let slice = 0; slice < SLICES; slice++) {
    for (const side of sides) await turn(side);
    kernelGrowth = Math.max(kernelGrowth, kernelTcpBytes() - kernelBefore);
  }
  for (const { what, p99s } of sides) console.log(`${what}: p99 of each second ${p99s.join(', ')} ms`);
}

async function open(what: Case): Promise<Side> {
  const target = await Target.open({ mode: STOCK, windowMs: WINDOW_MS, seed: 1, symbols: SYMBOLS, subscribers });
  await target.join({ watchlists: watchlists.slice(0, -LAST) });
  target.tally.sampleFor(RATE);
  target.setRate(RATE / subscriptions);
  await sleep(WARM_UP_MS);
  target.setRate(0);
  return { what, target, p50s: [], p99s: [], cpuPerMillion: [], rssBytes: 0 };
}

async function turn(side: Side): Promise<void> {
  const { tally, server } = side.target;
  side.target.setRate(RATE / subscriptions);
  await sleep(SETTLE_MS);
  const before = { updates: tally.updates, cpu: server.cpuSeconds() };
  tally.latency.reset();
  await sleep(1_000);
  side.p50s.push(tally.latency.quantile(0.5) ?? Infinity);
  side.p99s.push(tally.latency.quantile(0.99) ?? Infinity);
  side.cpuPerMillion.push(((server.cpuSeconds() - before.cpu) * 1e6) / (tally.updates - before.updates));
  side.rssBytes = Math.max(side.rssBytes, server.rssBytes());
  side.target.setRate(0);
}

function verdict(): string {
  const [calm, strained] = sides as [Side, Side];
  const change = median(strained.p99s) / median(calm.p99s) - 1;
  const memory = strained.rssBytes - calm.rssBytes;
  return [
    `p99 of the others ${(change * 100).toFixed(0)} % (limit +${P99_LIMIT * 100} %: ${change < P99_LIMIT ? 'met' : 'MISSED'}),`,
    `server memory ${(memory / MIB).toFixed(1)} MiB, and ${(kernelGrowth / MIB).toFixed(1)} MiB of the kernel's, for ${LAST} stopped readers.`,
  ].join('\n');
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] as number;
}

/** Memory the kernel holds for TCP sockets, in both directions. */
function kernelTcpBytes(): number {
  const pages = /^TCP:.* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1];
  return Number(pages ?? 0) * PAGE_BYTES;
}
