import type { Row } from './ladder.js';

export interface Verdict {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean | undefined;
}

/** Latency allowed beyond the conflation window. */
const TAIL_AT_HALF_MILLION_MS = 50;

/** The goals of the issue against the rows of this run; undefined where the run holds no row to judge by. */
export function judge(rows: readonly Row[], exact: readonly Row[], wide: readonly Row[]): Verdict[] {
  const [cheapest] = heldByCost(rows, 'baseline');
  return [
    halfMillion(rows),
    halfMillionAgainstBaseline(rows, cheapest),
    reaches(rows, ['stock'], 1_000_000, 200),
    fiftyThousand(rows),
    cpuAtMost(rows, ['ws-json'], 1.2),
    cpuAtMost(rows, ['ws-msgpack', 'ws-compact'], 1.0),
    reaches(rows, ['ws-msgpack', 'ws-compact'], 2_000_000, undefined),
    onWideLists(reaches(wide, ['stock'], 1_000_000, 200)),
    onWideLists(reaches(wide, ['ws-msgpack', 'ws-compact'], 2_000_000, undefined)),
    smallLoad(exact),
  ];
}

/** The baseline row a product row is compared with: the same rate while the baseline holds it, else its cheapest held one. */
export function baselineFor(rate: number, rows: readonly Row[]): Row | undefined {
  const held = heldByCost(rows, 'baseline');
  return held.find((row) => row.rate === rate) ?? held[0];
}

function heldByCost(rows: readonly Row[], mode: string): Row[] {
  return rows
    .filter((row) => row.mode === mode && !row.saturated)
    .toSorted((a, b) => a.cpuPerMillion - b.cpuPerMillion);
}

function best(rows: readonly Row[], modes: readonly string[], rate: number): Row | undefined {
  return rows
    .filter((row) => modes.includes(row.mode) && row.rate === rate)
    .toSorted((a, b) => Number(a.saturated) - Number(b.saturated) || a.cpuPerMillion - b.cpuPerMillion)[0];
}

function halfMillion(rows: readonly Row[]): Verdict {
  const row = best(rows, ['stock'], 500_000);
  const goal = `Socket.IO stock at 500,000/s: p99 < window + ${TAIL_AT_HALF_MILLION_MS} ms, at most 1.2 CPU-s/M`;
  return verdict(goal, row, (r) => [
    `p99 ${r.p99 ?? '?'} ms at a window of ${r.windowMs}, ${r.cpuPerMillion.toFixed(2)} CPU-s/M`,
    !r.saturated && (r.p99 ?? Infinity) < r.windowMs + TAIL_AT_HALF_MILLION_MS && r.cpuPerMillion <= 1.2,
  ]);
}

/** Judged against the cheapest rate the baseline holds, which flatters it: near saturation its writes find clients awake. */
function halfMillionAgainstBaseline(rows: readonly Row[], cheapest: Row | undefined): Verdict {
  const row = cheapest === undefined ? undefined : best(rows, ['stock'], 500_000);
  return verdict('... at least 18 times below the cheapest rate the baseline holds', row, (r) => {
    const times = (baseline: Row): string =>
      `${(baseline.cpuPerMillion / r.cpuPerMillion).toFixed(1)} times below ${baseline.cpuPerMillion.toFixed(1)} at ${baseline.rate}/s`;
    const at50K = baselineFor(50_000, rows);
    const beside = at50K === undefined || at50K === cheapest ? '' : `; ${times(at50K)}`;
    return [times(cheapest!) + beside, cheapest!.cpuPerMillion / r.cpuPerMillion >= 18];
  });
}

function fiftyThousand(rows: readonly Row[]): Verdict {
  const baseline = baselineFor(50_000, rows);
  const row = baseline === undefined ? undefined : best(rows, ['stock'], 50_000);
  return verdict('Socket.IO stock at 50,000/s: at most 0.45 times the baseline', row, (r) => {
    const ratio = r.cpuPerMillion / baseline!.cpuPerMillion;
    return [`${ratio.toFixed(2)} times the baseline at ${baseline!.rate}/s, window of ${r.windowMs} ms`, ratio <= 0.45];
  });
}

function cpuAtMost(rows: readonly Row[], modes: readonly string[], limit: number): Verdict {
  const row = best(rows, modes, 500_000);
  return verdict(`${modes.join(' or ')} at 500,000/s: at most ${limit.toFixed(1)} CPU-s/M`, row, (r) => [
    `${r.cpuPerMillion.toFixed(2)} (${r.mode})`,
    !r.saturated && r.cpuPerMillion <= limit,
  ]);
}

/** A rate counts as reached when so much was delivered, not only offered. */
function reaches(rows: readonly Row[], modes: readonly string[], rate: number, p99Below: number | undefined): Verdict {
  const tried = rows.filter((row) => modes.includes(row.mode) && (row.rate >= rate || row.saturated));
  const top = tried.toSorted(
    (a, b) =>
      Number(a.saturated) - Number(b.saturated) || Number(passes(b)) - Number(passes(a)) || b.delivered - a.delivered,
  )[0];
  const tail = p99Below === undefined ? '' : `, p99 < ${p99Below} ms`;
  return verdict(
    `${modes.join(' or ')}: ${rate.toLocaleString('en')}/s delivered before saturation${tail}`,
    top,
    (r) => [
      `${Math.round(r.delivered).toLocaleString('en')}/s at p99 ${r.p99 ?? '?'} ms (${r.mode}${r.saturated ? ', saturated' : ''})`,
      passes(r),
    ],
  );

  function passes(row: Row): boolean {
    // the edges of a measurement cut through a flush, which is 1 % of it
    return !row.saturated && row.delivered >= rate * 0.99 && (row.p99 ?? Infinity) < (p99Below ?? Infinity);
  }
}

/** Not the load of the issue; beside it, because 50 symbols cannot carry such rates at a window of 50 ms. */
function onWideLists({ goal, ...rest }: Verdict): Verdict {
  return { goal: `(on 200 symbols a client) ${goal}`, ...rest };
}

function smallLoad(exact: readonly Row[]): Verdict {
  const row = exact.find(({ server }) => server === 'product');
  return verdict('100 clients x 50 symbols x 1/s: 100 % delivered, p99 < window + 10 ms', row, (r) => [
    `${(r.deliveredOfExpected * 100).toFixed(2)} %, p99 ${r.p99 ?? '?'} ms at a window of ${r.windowMs}`,
    Math.abs(r.conflated) < 1e-9 && (r.p99 ?? Infinity) < r.windowMs + 10,
  ]);
}

function verdict(goal: string, row: Row | undefined, of: (row: Row) => [measured: string, met: boolean]): Verdict {
  if (row === undefined) return { goal, measured: 'not measured in this run', met: undefined };
  const [measured, met] = of(row);
  return { goal, measured, met };
}
