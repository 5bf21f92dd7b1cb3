import { type EpochMs, type ExchangeCalendar, type InstrumentId, type RecordingSpan, type Tick, tick } from '#domain';
import type { TickRow } from './import-row.js';
import type { AskTicks } from './replay-rows.js';
import { rowsOf } from './rows.js';

/** The end of one exchange's trading, where its close is looked for. */
export interface ClosedSession {
  readonly exchange: string;
  readonly from: EpochMs;
  /** Excluded. */
  readonly to: EpochMs;
  /** When the exchange's next date begins: what is received from then on is measured against this close. */
  readonly since: EpochMs;
}

type Close = Pick<ClosedSession, 'since'> & { readonly price: number | undefined };

const MINUTE_MS = 60_000;
/** A price of longer before the close is rather where somebody stopped watching. */
const LAST_MS = 15 * MINUTE_MS;
/** A first price further away than this share is rather one of after a split than a gap, and would not be believed. */
const LONGEST_GAP = 0.2;

const CLOSES = `
SELECT toString(symbol) AS s, argMax(close, time) AS c
FROM candles_1m
WHERE time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
  AND startsWith(toString(symbol), {exchange:String})
  AND (empty({symbols:Array(String)}) OR has({symbols:Array(String)}, toString(symbol)))
GROUP BY s`;

/**
 * The trading before each date that an exchange's clock shows during a span, oldest first: a day of one time zone may be of two dates in another.
 * @param exchanges none for all
 */
export function sessionsBefore(
  { from, to }: RecordingSpan,
  exchanges: ReadonlySet<string>,
  calendar: ExchangeCalendar,
): ClosedSession[] {
  return [...(exchanges.size > 0 ? exchanges : calendar.exchanges)].flatMap((exchange) => {
    // a day has 25 hours at most, so a date between two others holds its middle
    const dates = new Set([from, (from + to) / 2, to - 1].map((at) => calendar.dateAt(exchange, at)));
    const found = new Map<string, ClosedSession>();
    for (const date of dates) {
      const session = calendar.sessionFrom(exchange, date, -1);
      // Saturday and Sunday both come after Friday
      if (session === undefined || found.has(session.date)) continue;
      const { opens, closes } = session;
      const since = calendar.startOf(exchange, date);
      // the closing auction prints in the minute that begins with the close
      const end = Math.min(closes + MINUTE_MS, since);
      found.set(session.date, { exchange, from: Math.max(opens, closes - LAST_MS), to: end, since });
    }
    return [...found.values()];
  });
}

/** What symbols closed at on the trading day before, as far as history knows it. */
export class PreviousCloses {
  private known: ReadonlyMap<InstrumentId, readonly Close[]> | undefined;

  /** @param sessions of each exchange the oldest first */
  constructor(
    private readonly ask: AskTicks,
    private readonly sessions: readonly ClosedSession[],
    private readonly symbols: ReadonlySet<InstrumentId>,
  ) {}

  /** Puts them into ticks from a beginning on, each once. @throws MarketDataError as `AskTicks` */
  async begin(): Promise<(row: TickRow) => Tick> {
    const left = new Map((this.known ??= await this.read()));
    return (row) => withClose(row, left);
  }

  private async read(): Promise<ReadonlyMap<InstrumentId, readonly Close[]>> {
    const closes = new Map<InstrumentId, Close[]>();
    for (const { exchange, from, to, since } of this.sessions) {
      // where a close is not known, that of the day before does not take its place
      for (const [symbol, known] of closes)
        if (symbol.startsWith(`${exchange}:`)) known.push({ since, price: undefined });
      const params = { exchange: `${exchange}:`, from, to, symbols: [...this.symbols] };
      for (const { s, c } of rowsOf<{ s: InstrumentId; c: number }>(await this.ask(CLOSES, params)))
        closes.set(s, [...(closes.get(s) ?? []), { since, price: c }]);
    }
    return closes;
  }
}

/** With the first price, since a close without one would be all that later prices are measured against. */
function withClose({ tick: told, late }: TickRow, left: Map<InstrumentId, readonly Close[]>): Tick {
  if (left.size === 0 || told.price === undefined || late) return told;
  const closes = left.get(told.instrument);
  const last = closes?.findLastIndex(({ since }) => since <= told.receivedAt) ?? -1;
  if (closes === undefined || last === -1) return told;
  if (last === closes.length - 1) left.delete(told.instrument);
  else left.set(told.instrument, closes.slice(last + 1));
  const previousClose = closes[last]?.price;
  if (previousClose === undefined) return told;
  const isGap = Math.abs(told.price - previousClose) <= LONGEST_GAP * previousClose;
  return isGap ? tick({ ...told, previousClose }) : told;
}
