import {
  type CountedHours,
  type FoldedCandle,
  fillCandles,
  foldCandles,
  GRACE_MS,
  HISTORY_INTERVALS,
  type HistoryInterval,
  IntervalClock,
} from '#candles';
import type { Candle, Clock, EpochMs, ExchangeCalendar, InstrumentId } from '#domain';
import type { CandleBase } from './candle-base.js';

/** Which candles somebody wants. */
export interface CandleRequest {
  readonly symbol: InstrumentId;
  readonly interval: HistoryInterval;
  /** The first candle begins at or after it. Without it the newest candles before `to` are meant. */
  readonly from?: EpochMs | undefined;
  /** Not included; now when absent. */
  readonly to?: EpochMs | undefined;
  readonly limit: number;
  /** `previous`: a silent interval gets a flat candle at the close before, flagged. */
  readonly fill?: 'none' | 'previous' | undefined;
  readonly hours?: CountedHours | undefined;
  readonly countedFrom?: 'midnight' | 'opening' | undefined;
  /** Aborts when whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** A candle of history. */
export interface HistoryCandle extends Candle {
  /** True when nothing was traded and the prices are the close of the candle before. */
  readonly filled?: true;
  /** True when the exchange does not trade continuously then. */
  readonly outside?: true;
}

export interface CandlePage {
  /** Oldest first. */
  readonly candles: HistoryCandle[];
  /** Where to go on, as `from`, when there are more than the limit before `to`. */
  readonly next: EpochMs | undefined;
}

const DAY_MS = HISTORY_INTERVALS['1d'];
/** Least trading an exchange does on a trading day, and days of a week it trades: a first guess of how far to look. */
const TRADING_MS = 6 * 3_600_000;
const DAYS_PER_TRADING_DAY = 7 / 5;
/** How much further each look goes than the one before. */
const WIDER = 4;
/** Clocks are put back by less than this, so a day later it is another date. */
const CLOCK_CHANGE_MS = 2 * 3_600_000;

/** Candles of any interval, made from the ticks written down by the same rules as live ones. */
export class CandleRepository {
  /** @param settle writes down what is still on its way, so that an answer is as new as the last tick */
  constructor(
    private readonly base: CandleBase,
    private readonly calendar: ExchangeCalendar,
    private readonly clock: Clock,
    private readonly settle: () => Promise<void>,
  ) {}

  /** @throws MarketDataError `HISTORY_UNAVAILABLE`, `QUERY_TIMEOUT` or `QUERY_LIMIT` */
  async candles(request: CandleRequest): Promise<CandlePage> {
    await this.settle();
    const to = Math.min(request.to ?? Infinity, this.clock.now() + DAY_MS);
    const earliest = await this.base.earliest(request.symbol);
    if (earliest === undefined || to <= earliest) return { candles: [], next: undefined };
    const { from, limit } = request;
    if (from === undefined) return { candles: await this.newest(request, earliest, to), next: undefined };
    const candles = await this.oldest(request, Math.max(from, this.midnight(request.symbol, earliest)), to);
    return { candles: candles.slice(0, limit).map((candle) => this.told(candle)), next: candles[limit]?.start };
  }

  /** Candles as a table for readers of Arrow: symbol, time, open, high, low, close, volume. @throws MarketDataError of the engine */
  async arrow(symbol: InstrumentId, candles: readonly Candle[]): Promise<Buffer> {
    const column = (valueOf: (candle: Candle) => number): number[] => candles.map(valueOf);
    const columns = {
      time: column(({ time }) => Date.parse(time)),
      open: column(({ open }) => open),
      high: column(({ high }) => high),
      low: column(({ low }) => low),
      close: column(({ close }) => close),
      volume: column(({ volume }) => volume),
    };
    return await this.base.encode(symbol, columns, 'ArrowStream');
  }

  private async newest(request: CandleRequest, earliest: EpochMs, to: EpochMs): Promise<HistoryCandle[]> {
    const { symbol, limit } = request;
    let found: FoldedCandle[] = [];
    let start = to;
    for (let days = daysFor(request); found.length < limit && start > earliest; days = days * WIDER + 1) {
      const end = start;
      start = this.midnight(symbol, end - 1 - days * DAY_MS);
      found = [...(await this.between(request, start, end)), ...found];
    }
    return found.slice(-limit).map((candle) => this.told(candle));
  }

  /** At least one more than the limit where there are more. */
  private async oldest(request: CandleRequest, from: EpochMs, to: EpochMs): Promise<FoldedCandle[]> {
    let found: FoldedCandle[] = [];
    let end = from;
    for (let days = daysFor(request); found.length <= request.limit && end < to; days = days * WIDER + 1) {
      const start = end;
      end = Math.min(this.midnight(request.symbol, start + (days + 1) * DAY_MS + CLOCK_CHANGE_MS), to);
      found = [...found, ...(await this.between(request, start, end))];
    }
    return found;
  }

  private async between(request: CandleRequest, from: EpochMs, to: EpochMs): Promise<FoldedCandle[]> {
    const { symbol, interval, signal, fill = 'none', hours = 'regular', countedFrom = 'midnight' } = request;
    const exchange = exchangeOf(symbol);
    const clock = new IntervalClock(this.calendar, exchange, { interval, hours, countedFrom });
    const base = await this.base.candles({
      symbol,
      // an interval that has begun before is not among those wanted, but one of its day may begin after its first trade
      from: this.midnight(symbol, from),
      to: this.endOf(clock, to),
      step: HISTORY_INTERVALS[interval] < 60_000 ? 1000 : 60_000,
      signal,
    });
    const candles = foldCandles(base, clock).filter(({ start }) => start >= from && start < to);
    if (fill === 'none') return candles;
    const close = await this.base.priceBefore(symbol, from);
    return fillCandles(candles, clock.between(from, Math.min(to, this.clock.now())), close);
  }

  /** End of the interval that is under way at a time: a candle is whole or it is not there. */
  private endOf(clock: IntervalClock, to: EpochMs): EpochMs {
    const interval = clock.intervalOf(to - 1);
    return Math.max(to, interval?.end ?? to);
  }

  private midnight(symbol: InstrumentId, at: EpochMs): EpochMs {
    const exchange = exchangeOf(symbol);
    return this.calendar.startOf(exchange, this.calendar.dateAt(exchange, at));
  }

  private told({
    start,
    end,
    open,
    high,
    low,
    close,
    volume,
    corrected,
    filled,
    outside,
  }: FoldedCandle): HistoryCandle {
    return {
      time: new Date(start).toISOString(),
      open,
      high,
      low,
      close,
      volume,
      final: end + GRACE_MS <= this.clock.now(),
      corrected,
      ...(filled && { filled }),
      ...(outside && { outside }),
    };
  }
}

function exchangeOf(symbol: InstrumentId): string {
  return symbol.slice(0, symbol.indexOf(':'));
}

/** Days beside the first in which there should be as many candles as wanted, were no interval silent. */
function daysFor({ interval, limit }: CandleRequest): number {
  const tradingDays = Math.ceil((limit * Math.min(HISTORY_INTERVALS[interval], TRADING_MS)) / TRADING_MS);
  return Math.ceil((tradingDays - 1) * DAYS_PER_TRADING_DAY);
}
