import { type EpochMs, type InstrumentId, type Tick, tick } from '#domain';
import type { TickRow } from './import-row.js';
import type { AskTicks } from './replay-rows.js';
import { rowsOf } from './rows.js';

/** Trading of one exchange that had ended before the recorded day began. */
export interface ClosedSession {
  readonly exchange: string;
  readonly from: EpochMs;
  /** Excluded. */
  readonly to: EpochMs;
}

/** A first price further away than this share is rather one of after a split than a gap, and would not be believed. */
const LONGEST_GAP = 0.2;

const CLOSES = `
SELECT toString(symbol) AS s, argMax(close, time) AS c
FROM candles_1m
WHERE time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
  AND startsWith(toString(symbol), {exchange:String})
  AND (empty({symbols:Array(String)}) OR has({symbols:Array(String)}, toString(symbol)))
GROUP BY s`;

/** What symbols closed at on the trading day before the recorded one, as far as history knows it. */
export class PreviousCloses {
  private known: ReadonlyMap<InstrumentId, number> | undefined;

  constructor(
    private readonly ask: AskTicks,
    private readonly sessions: readonly ClosedSession[],
    private readonly symbols: ReadonlySet<InstrumentId>,
  ) {}

  /** Puts them into ticks from a beginning on, once for each symbol. @throws MarketDataError as `AskTicks` */
  async begin(): Promise<(row: TickRow) => Tick> {
    const left = new Map((this.known ??= await this.read()));
    return (row) => withClose(row, left);
  }

  private async read(): Promise<ReadonlyMap<InstrumentId, number>> {
    const closes = new Map<InstrumentId, number>();
    for (const { exchange, from, to } of this.sessions) {
      const params = { exchange: `${exchange}:`, from, to, symbols: [...this.symbols] };
      for (const { s, c } of rowsOf<{ s: InstrumentId; c: number }>(await this.ask(CLOSES, params))) closes.set(s, c);
    }
    return closes;
  }
}

/** With the first price, since a close without one would be all that later prices are measured against. */
function withClose({ tick: told, late }: TickRow, left: Map<InstrumentId, number>): Tick {
  if (left.size === 0 || told.price === undefined || late) return told;
  const previousClose = left.get(told.instrument);
  if (previousClose === undefined) return told;
  left.delete(told.instrument);
  const isGap = Math.abs(told.price - previousClose) <= LONGEST_GAP * previousClose;
  return isGap ? tick({ ...told, previousClose }) : told;
}
