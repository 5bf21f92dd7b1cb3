import { type EpochMs, type InstrumentId, type Recording, type Tick, tick } from '#domain';
import type { QueryParams } from './history-engine.js';
import type { TickRow } from './import-row.js';
import type { PreviousCloses } from './replay-closes.js';
import type { Span } from './replay-file.js';
import { rowsOf } from './rows.js';

/** Runs a statement on `ticks` or `candles_1m`, here or on another server; one object on each line of the answer. */
export type AskTicks = (sql: string, params: QueryParams) => Promise<Buffer>;

/** Rows fetched in one go, as far as whole seconds allow: each fetch looks at all symbols, so it should bring many. */
const FETCH_ROWS = 50_000;
/** Rows made to ticks in one go: this keeps whoever is served meanwhile waiting. */
const PAGE_ROWS = 2000;

const WHERE = `
  FROM ticks
  WHERE received >= fromUnixTimestamp64Milli({from:Int64}) AND received < fromUnixTimestamp64Milli({to:Int64})
    AND (empty({symbols:Array(String)}) OR has({symbols:Array(String)}, toString(symbol)))`;
export const SECONDS = `
SELECT intDiv(toUnixTimestamp64Milli(received), 1000) AS second, count() AS rows ${WHERE}
GROUP BY second ORDER BY second LIMIT 100000`;
export const ROWS = `
SELECT toString(symbol) AS s, toUnixTimestamp64Milli(time) AS t, toUnixTimestamp64Milli(received) AS r, toString(vendor) AS n, price AS p,
  size AS z, volume AS v, bid AS b, ask AS a, bid_size AS bz, ask_size AS az, open_interest AS o, late AS l ${WHERE}
ORDER BY received, arrival, symbol`;

interface SecondRow {
  readonly second: number | string;
  readonly rows: number | string;
}

/** A tick as the statement above gives it: null for what it did not carry. */
interface Row {
  readonly s: InstrumentId;
  readonly t: number | string;
  readonly r: number | string;
  readonly n: string;
  readonly p: number | null;
  readonly z: number | null;
  readonly v: number | null;
  readonly b: number | null;
  readonly a: number | null;
  readonly bz: number | null;
  readonly az: number | null;
  readonly o: number | null;
  readonly l: number;
}

/** What history holds of a span, read part by part. */
export class RowsRecording implements Recording {
  /** @param closes those of the trading day before, which the first tick of each symbol with a price then brings */
  constructor(
    readonly name: string,
    private readonly ask: AskTicks,
    readonly span: Span,
    private readonly closes?: PreviousCloses,
  ) {}

  async *pages(from: EpochMs): AsyncIterable<readonly Tick[]> {
    const tickOf = (await this.closes?.begin()) ?? ((row: TickRow) => row.tick);
    for await (const rows of this.rows(from)) yield rows.map(tickOf);
  }

  /** The same with what a tick does not carry. */
  async *rows(from: EpochMs): AsyncIterable<readonly TickRow[]> {
    const start = Math.ceil(Math.max(this.span.from, from));
    for (const part of partsOf(rowsOf<SecondRow>(await this.ask(SECONDS, this.params(start, this.span.to))))) {
      const answer = await this.ask(ROWS, this.params(Math.max(start, part.from), Math.min(part.to, this.span.to)));
      yield* pagesOf(answer);
    }
  }

  private params(from: EpochMs, to: EpochMs): QueryParams {
    return { from, to, symbols: [...this.span.symbols] };
  }
}

/** Runs of seconds that hold about as many rows as one fetch may bring. */
function partsOf(seconds: readonly SecondRow[]): { from: EpochMs; to: EpochMs }[] {
  const parts: { from: EpochMs; to: EpochMs; rows: number }[] = [];
  for (const { second, rows } of seconds) {
    const last = parts.at(-1);
    const to = (Number(second) + 1) * 1000;
    if (last === undefined || last.rows + Number(rows) > FETCH_ROWS)
      parts.push({ from: Number(second) * 1000, to, rows: Number(rows) });
    else {
      last.to = to;
      last.rows += Number(rows);
    }
  }
  return parts;
}

function* pagesOf(answer: Buffer): Iterable<readonly TickRow[]> {
  let page: TickRow[] = [];
  for (let start = 0; start < answer.length;) {
    const found = answer.indexOf(0x0a, start);
    const end = found === -1 ? answer.length : found;
    if (end > start) page.push(rowOf(JSON.parse(answer.toString('utf8', start, end)) as Row));
    start = end + 1;
    if (page.length < PAGE_ROWS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function rowOf({ s, t, r, n, p, z, v, b, a, bz, az, o, l }: Row): TickRow {
  const receivedAt = Number(r);
  const eventTime = Number(t);
  const recorded = tick({
    instrument: s,
    vendor: n,
    receivedAt,
    eventTime: eventTime === receivedAt ? undefined : eventTime,
    price: p ?? undefined,
    lastSize: z || undefined,
    volume: v ?? undefined,
    bid: b ?? undefined,
    ask: a ?? undefined,
    bidSize: bz ?? undefined,
    askSize: az ?? undefined,
    openInterest: o ?? undefined,
  });
  return { tick: recorded, time: eventTime, late: l === 1, size: z ?? undefined };
}
