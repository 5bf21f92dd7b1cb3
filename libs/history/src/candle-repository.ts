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
import type { CandleBase, Traded } from './candle-base.js';

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

/** A request, with what is known of its symbol. */
interface Wanted extends CandleRequest {
  /** Midnight before the first trade. */
  readonly earliest: EpochMs;
  /** What ends until then is over: the vendor has told all of it. */
  readonly over: Promise<EpochMs>;
}

const MINUTE_MS = HISTORY_INTERVALS['1m'];
const DAY_MS = HISTORY_INTERVALS['1d'];
/** A vendor's delay makes no difference to what was traded this long ago. */
const LAG_MATTERS_MS = 7 * DAY_MS;
/** Least trading an exchange does on a trading day, and days of a week it trades: a first guess of how far to look. */
const TRADING_MS = 6 * 3_600_000;
const DAYS_PER_TRADING_DAY = 7 / 5;
/** How much further each look goes than the one before. */
const WIDER = 4;
/** One look goes no further, days: its days are handed to the engine. */
const WIDEST = 1000;
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
    const { symbol, from, limit } = request;
    const to = Math.min(request.to ?? Infinity, this.clock.now() + DAY_MS);
    // silence is filled from what was traded before
    const isFilled = request.fill === 'previous';
    const traded = await this.base.traded(symbol, isFilled || from === undefined ? 0 : this.midnight(symbol, from), to);
    if (traded === undefined) return { candles: [], next: undefined };
    const over = this.over(symbol, traded);
    const wanted: Wanted = { ...request, over, earliest: this.midnight(symbol, traded.earliest) };
    if (from === undefined) {
      const end = isFilled ? to : Math.min(to, this.nextMidnight(symbol, traded.latest));
      return { candles: toldOf(...(await Promise.all([this.newest(wanted, end), over]))), next: undefined };
    }
    const oldest = this.oldest(wanted, Math.max(from, wanted.earliest), to);
    const [candles, until] = await Promise.all([oldest, over]);
    return { candles: toldOf(candles.slice(0, limit), until), next: candles[limit]?.start };
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

  private async newest(wanted: Wanted, to: EpochMs): Promise<FoldedCandle[]> {
    const { symbol, limit, earliest } = wanted;
    let found: FoldedCandle[] = [];
    let start = to;
    for (let days = daysFor(wanted); found.length < limit && start > earliest; days = wider(days)) {
      const end = start;
      start = Math.max(this.midnight(symbol, end - 1 - days * DAY_MS), earliest);
      found = [...(await this.between(wanted, start, end, true)), ...found];
    }
    return found.slice(-limit);
  }

  /** At least one more than the limit where there are more. */
  private async oldest(wanted: Wanted, from: EpochMs, to: EpochMs): Promise<FoldedCandle[]> {
    let found: FoldedCandle[] = [];
    let end = from;
    for (let days = daysFor(wanted); found.length <= wanted.limit && end < to; days = wider(days)) {
      const start = end;
      end = Math.min(this.nextMidnight(wanted.symbol, start + days * DAY_MS), to);
      found = [...found, ...(await this.between(wanted, start, end, false))];
    }
    return found;
  }

  /** The first candles of a time, or its last: one more than the limit. */
  private async between(wanted: Wanted, from: EpochMs, to: EpochMs, newestFirst: boolean): Promise<FoldedCandle[]> {
    const { symbol, interval, signal, limit, fill = 'none', hours = 'regular', countedFrom = 'midnight' } = wanted;
    const clock = new IntervalClock(this.calendar, exchangeOf(symbol), { interval, hours, countedFrom });
    const trades = {
      // an interval that has begun before is not among those wanted, but one of its day may begin after its first trade
      from: this.midnight(symbol, from),
      to: this.endOf(clock, to),
    };
    const base = await this.base.candles({
      symbol,
      ...trades,
      startsFrom: from,
      startsTo: to,
      stretches: [...clock.stretches(trades.from, trades.to)],
      step: clock.step,
      isShort: HISTORY_INTERVALS[interval] < MINUTE_MS,
      limit: limit + 1,
      newestFirst,
      signal,
    });
    const candles = foldCandles(base, clock);
    if (fill === 'none') return candles;
    const told = Math.min(to, (await wanted.over) + GRACE_MS);
    return fillCandles(candles, clock.between(from, told), await this.closeBefore(wanted, from));
  }

  /** Close of the last candle that starts before a time: what was traded after hours is no close of the hours. */
  private async closeBefore(wanted: Wanted, from: EpochMs): Promise<number | undefined> {
    const last = { ...wanted, limit: 1, fill: 'none' } as const;
    const [candle] = await this.newest(last, from);
    if (candle !== undefined || HISTORY_INTERVALS[wanted.interval] >= MINUTE_MS) return candle?.close;
    // minutes stay when the ticks are no longer kept
    return (await this.newest({ ...last, interval: '1m' }, Math.floor(from / MINUTE_MS) * MINUTE_MS))[0]?.close;
  }

  /** What a vendor that is behind has not told yet is not over. Of a time long past it has told all. */
  private async over(symbol: InstrumentId, { latest }: Traded): Promise<EpochMs> {
    const until = this.clock.now() - GRACE_MS;
    if (latest < until - LAG_MATTERS_MS) return until;
    return until - (await this.base.lag(symbol, latest - HISTORY_INTERVALS['1h']));
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

  private nextMidnight(symbol: InstrumentId, at: EpochMs): EpochMs {
    return this.midnight(symbol, this.midnight(symbol, at) + DAY_MS + CLOCK_CHANGE_MS);
  }
}

function toldOf(candles: readonly FoldedCandle[], over: EpochMs): HistoryCandle[] {
  return candles.map(({ start, end, open, high, low, close, volume, corrected, filled, outside }) => ({
    time: new Date(start).toISOString(),
    open,
    high,
    low,
    close,
    volume,
    final: end <= over,
    corrected,
    ...(filled && { filled }),
    ...(outside && { outside }),
  }));
}

function exchangeOf(symbol: InstrumentId): string {
  return symbol.slice(0, symbol.indexOf(':'));
}

/** Days beside the first in which there should be as many candles as wanted, were no interval silent. */
function daysFor({ interval, limit }: CandleRequest): number {
  const tradingDays = Math.ceil((limit * Math.min(HISTORY_INTERVALS[interval], TRADING_MS)) / TRADING_MS);
  return Math.min(Math.ceil((tradingDays - 1) * DAYS_PER_TRADING_DAY), WIDEST);
}

function wider(days: number): number {
  return Math.min(days * WIDER + 1, WIDEST);
}
