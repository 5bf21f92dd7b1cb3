import { baselineFor, type Verdict } from './goals.js';
import { FOREIGN_LIMIT, STEAL_LIMIT, type Row } from './ladder.js';

/** Share of its core past which the generator measures itself. */
const GENERATOR_LIMIT = 0.9;

export const LEGEND = `\
offered: vendor ticks x their subscribers. delivered: updates that arrived at clients (snapshots are not counted).
of nominal: delivered / what a nominal window lets through, which is the newest tick of each symbol in each window of a fixed
grid; equal to offered while a symbol ticks less often than a window ends; a flush more or less at the edges is +-1 %. conflated: 1 - delivered / offered.
CPU-s/M: user + system seconds of the server process per million delivered updates; it includes the feed, and the receiving
half of loopback TCP, which the kernel runs inside the sender's system call. x base: against the baseline at the same rate, or
(*) at the cheapest rate it held. core: share of the server's core. p50, p99, max: ms from the vendor's event time to the
client's read, over a random sample of messages. m: updates per message. B: bytes read by clients per update, frame headers and pings included.
gen: share of the generator's core, feed included. A step is saturated at p99 > 500 ms, < 97 % of nominal, or a disconnect.
flags: S saturated; G generator above ${GENERATOR_LIMIT * 100} %, so the row measures the generator; T host steal above \
${STEAL_LIMIT * 100} %; F others used more than ${FOREIGN_LIMIT * 100} % of the server's core; D disconnects; C slow notices.`;

const COLUMNS = [
  'receiver',
  'window',
  'offered/s',
  'delivered/s',
  'of nominal',
  'conflated',
  'CPU-s/M',
  'x base',
  'core',
  'p50',
  'p99',
  'max',
  'B',
  'm',
  'gen',
  'steal',
  'flags',
];

/** Rows by rate, the baseline first where it ran, as a Markdown table. */
export function rowsTable(rows: readonly Row[]): string {
  const sorted = rows.toSorted(
    (a, b) => a.rate - b.rate || Number(b.server === 'baseline') - Number(a.server === 'baseline'),
  );
  return markdown(
    COLUMNS,
    sorted.map((row) => cells(row, rows)),
  );
}

export function goalsTable(verdicts: readonly Verdict[]): string {
  const outcome = ({ met }: Verdict): string => (met === undefined ? '-' : met ? 'met' : 'MISSED');
  return markdown(
    ['goal', 'measured', ''],
    verdicts.map((verdict) => [verdict.goal, verdict.measured, outcome(verdict)]),
  );
}

/** One line for the console while the run goes on. */
export function rowLine(row: Row): string {
  const { title, windowMs, p99, cpuPerMillion, core, generatorCore } = row;
  return (
    `${title}, ${windowMs} ms, ${whole(row.offered)}/s offered: ${whole(row.delivered)}/s delivered, ` +
    `${cpuPerMillion.toFixed(2)} CPU-s/M, core ${core.toFixed(2)}, p99 ${p99 ?? '-'} ms, gen ${generatorCore.toFixed(2)} ${flags(row)}`
  );
}

export function markdown(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

function cells(row: Row, rows: readonly Row[]): string[] {
  return [
    row.title,
    `${row.windowMs}`,
    whole(row.offered),
    whole(row.delivered),
    percent(row.deliveredOfExpected),
    percent(Math.max(0, row.conflated)), // below 0 when a flush more falls into the measurement than ticks for it
    row.cpuPerMillion.toFixed(2),
    ratio(row, rows),
    row.core.toFixed(2),
    `${row.p50 ?? '-'}`,
    `${row.p99 ?? '-'}`,
    `${row.max ?? '-'}`,
    row.bytesPerUpdate.toFixed(row.bytesPerUpdate < 100 ? 1 : 0),
    row.updatesPerMessage.toFixed(1),
    row.generatorCore.toFixed(2),
    percent(row.steal),
    flags(row),
  ];
}

function ratio(row: Row, rows: readonly Row[]): string {
  const baseline = baselineFor(row.rate, rows);
  if (baseline === undefined || row.server === 'baseline') return '';
  return (row.cpuPerMillion / baseline.cpuPerMillion).toFixed(3) + (baseline.rate === row.rate ? '' : '*');
}

function flags(row: Row): string {
  return [
    row.saturated && 'S',
    row.generatorCore > GENERATOR_LIMIT && 'G',
    row.steal > STEAL_LIMIT && 'T',
    row.foreign > FOREIGN_LIMIT && 'F',
    row.disconnects > 0 && 'D',
    row.slowNotices > 0 && 'C',
  ]
    .filter(Boolean)
    .join('');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
