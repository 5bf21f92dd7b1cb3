import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine, pinGenerator } from './machine.js';
import { BASELINE, PRODUCT_MODES, STOCK, type Mode } from './modes.js';
import { writeReport } from './report-file.js';
import { markdown } from './table.js';
import { isBuilt, Target } from './target.js';
import { zipfWorkload, type Workload } from './workload.js';

const KIB = 1024;
const SYMBOLS = 1_000;
const PER_CLIENT = 10;
/** Slow enough that nothing queues, fast enough that every client has received. */
const TICKS_PER_SECOND = 0.1;
/** Connections opened and closed before the first reading, so that code, pools and maps of the server are there already. */
const WARM_UP = 200;
const TRAFFIC_MS = 8_000;
/** Node collects what the joins left behind only after a while without traffic; past that a flat line is the answer. */
const SILENCE = { atLeastSeconds: 30, atMostSeconds: 50, flatForSeconds: 5, flatWithin: 0.005 };
/** Descriptors a process needs beside its connections. */
const SPARE_DESCRIPTORS = 200;

interface Reading {
  readonly mode: string;
  readonly title: string;
  readonly connections: number;
  readonly emptyBytes: number;
  readonly fullBytes: number;
  readonly kibPerConnection: number;
  readonly disconnects: number;
  readonly limitKib: number | undefined;
}

/** Most KiB a connection may take, from the issue. */
const LIMITS: Readonly<Record<string, number>> = { stock: 20, 'ws-json': 10 };

const { values: flags } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    quick: { type: 'boolean', default: false },
    modes: { type: 'string' },
  },
});
const connections = flags.quick ? 2_000 : Number(flags.connections);
const wanted = flags.modes?.split(',');

pinGenerator();
assertDescriptors(connections);
console.log(describeMachine());
const workload = zipfWorkload({ clients: connections, symbols: SYMBOLS, perClient: PER_CLIENT, seed: 1 });
const modes = [BASELINE, STOCK, ...PRODUCT_MODES.filter(({ id }) => id === 'ws-json' || id === 'ws-compact')];
const readings: Reading[] = [];
for (const mode of modes) {
  if (wanted !== undefined && !wanted.includes(mode.id)) continue;
  if (!isBuilt(mode.server)) console.log(`${mode.title}: left out, its server is not built`);
  else readings.push(await weigh(mode, workload));
}
const report = [
  `${describeMachine()}. ${connections} connections x ${PER_CLIENT} of ${SYMBOLS} symbols, each ticking every ${1 / TICKS_PER_SECOND} s.`,
  table(readings),
  `KiB per connection: (RSS with all connections - RSS after ${WARM_UP} were opened and closed) / connections, each after\nslow traffic and then silence, once RSS has settled. Kernel memory of the sockets is not part of it.`,
].join('\n\n');
console.log(`\n${report}`);
const result = { machine: describeMachine(), date: new Date().toISOString(), connections, readings };
console.log(`\nWritten to ${writeReport('memory', result, report)}`);

async function weigh(mode: Mode, { watchlists, subscribers }: Workload): Promise<Reading> {
  const target = await Target.open({
    mode,
    windowMs: mode === BASELINE ? 0 : 50,
    seed: 1,
    symbols: SYMBOLS,
    subscribers,
  });
  try {
    await carry(target, watchlists.slice(0, WARM_UP));
    target.leave();
    const emptyBytes = await settledRss(target);
    await carry(target, watchlists);
    const fullBytes = await settledRss(target);
    const kibPerConnection = (fullBytes - emptyBytes) / KIB / watchlists.length;
    console.log(`${mode.title}: ${kibPerConnection.toFixed(1)} KiB per connection`);
    return {
      mode: mode.id,
      title: mode.title,
      connections: watchlists.length,
      emptyBytes,
      fullBytes,
      kibPerConnection,
      disconnects: target.tally.disconnects,
      limitKib: LIMITS[mode.id],
    };
  } finally {
    await target.close();
  }
}

/** Connects the clients and lets every symbol tick slowly for a while. */
async function carry(target: Target, watchlists: Workload['watchlists']): Promise<void> {
  target.setRate(TICKS_PER_SECOND);
  await target.join({ watchlists });
  await sleep(TRAFFIC_MS);
  target.setRate(0);
}

/** RSS of a server without traffic, once it has stopped moving. */
async function settledRss({ server }: Target): Promise<number> {
  const samples: number[] = [];
  for (let second = 0; second < SILENCE.atMostSeconds; second++) {
    samples.push(server.rssBytes());
    const last = samples.slice(-SILENCE.flatForSeconds);
    const span = Math.max(...last) - Math.min(...last);
    if (second >= SILENCE.atLeastSeconds && span < SILENCE.flatWithin * last[0]!) break;
    await sleep(1_000);
  }
  return samples.at(-1)!;
}

function table(rows: readonly Reading[]): string {
  const mib = (bytes: number): string => (bytes / KIB / KIB).toFixed(0);
  const goal = ({ limitKib, kibPerConnection }: Reading): string =>
    limitKib === undefined ? '' : `at most ${limitKib}: ${kibPerConnection <= limitKib ? 'met' : 'MISSED'}`;
  return markdown(
    ['connections of', 'RSS empty, MiB', 'RSS full, MiB', 'KiB per connection', 'goal', 'disconnects'],
    rows.map((row) => [
      row.title,
      mib(row.emptyBytes),
      mib(row.fullBytes),
      row.kibPerConnection.toFixed(1),
      goal(row),
      `${row.disconnects}`,
    ]),
  );
}

/** @throws Error when a process may not hold so many sockets; the servers inherit the same limit */
function assertDescriptors(needed: number): void {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  if (limit >= needed + SPARE_DESCRIPTORS) return;
  throw new Error(
    `${needed} connections need ${needed + SPARE_DESCRIPTORS} file descriptors, the limit is ${limit}: ulimit -n`,
  );
}
