import type { LastValueStore, QuoteReader, QuoteState } from '#cache';
import {
  type FoldedCandle,
  foldCandles,
  HISTORY_INTERVALS,
  type HistoryInterval,
  IntervalClock,
  KEPT_CANDLES,
} from '#candles';
import {
  type Candle,
  CANDLE_INTERVALS,
  type CandleInterval,
  type Clock,
  type EpochMs,
  type ExchangeCalendar,
  InvalidSymbolError,
  MarketDataError,
} from '#domain';
import type { CandlePage, CandleRepository, CandleRequest, HistoryCandle } from '#history';
import type { Hub } from '#subscription';

/** Candles from history, or those in memory where there is none. */
export class CandleReader {
  /** @param history undefined when it is off */
  constructor(
    readonly history: CandleRepository | undefined,
    private readonly calendar: ExchangeCalendar,
    private readonly lastValues: LastValueStore,
    private readonly quotes: QuoteReader,
    private readonly hub: Hub,
    private readonly clock: Clock,
  ) {}

  /** @throws InvalidSymbolError, and MarketDataError of the history when it cannot answer and memory is no substitute */
  async read(request: CandleRequest): Promise<CandlePage> {
    const state = this.lastValues.peek(request.symbol);
    if (state === undefined) throw new InvalidSymbolError(request.symbol);
    const { history } = this;
    if (history === undefined) return await this.remembered(state, request);
    try {
      const page = await history.candles(request);
      // makes the symbol wanted, so that its newest candles go on
      if (this.isLive(request)) await this.quotes.read([request.symbol]);
      return page;
    } catch (error) {
      const isAway = error instanceof MarketDataError && error.code === 'HISTORY_UNAVAILABLE';
      if (!isAway || request.from !== undefined || !this.isLive(request)) throw error;
      return await this.remembered(state, request);
    }
  }

  private isLive({ to }: CandleRequest): boolean {
    return to === undefined || to > this.clock.now();
  }

  private async remembered(state: QuoteState, request: CandleRequest): Promise<CandlePage> {
    const { from = -Infinity, to = Infinity, limit, interval } = request;
    const isBuilt = interval in CANDLE_INTERVALS;
    const built = this.hub.channels.read(state, baseOf(interval), KEPT_CANDLES);
    // candles are built from what comes, whatever the present quote may be
    await this.quotes.read([request.symbol]);
    const candles = (
      isBuilt ? this.counted(built, request) : this.folded(built, request, this.hub.channels.over(state))
    ).filter(({ time }) => {
      const start = Date.parse(time);
      return start >= from && start < to;
    });
    // no candles would say that there was no trade
    if (candles.length === 0 && to <= this.reachOf(built, interval))
      throw new MarketDataError(
        'HISTORY_UNAVAILABLE',
        'History is not to be had, and memory does not reach back so far',
        false,
      );
    if (request.from === undefined) return { candles: candles.slice(-limit), next: undefined };
    const next = candles[limit];
    return { candles: candles.slice(0, limit), next: next && Date.parse(next.time) };
  }

  /** Since when candles are kept; where there are none, since when they would be. */
  private reachOf([first]: readonly Candle[], interval: HistoryInterval): EpochMs {
    const base = HISTORY_INTERVALS[baseOf(interval)];
    return first === undefined ? this.clock.now() - KEPT_CANDLES * base : Date.parse(first.time);
  }

  private counted(built: readonly Candle[], request: CandleRequest): HistoryCandle[] {
    const clock = this.intervals(request);
    return built.flatMap((candle) => {
      const interval = clock.intervalOf(Date.parse(candle.time));
      if (interval === undefined) return [];
      return interval.outside ? [{ ...candle, outside: true as const }] : [candle];
    });
  }

  private folded(built: readonly Candle[], request: CandleRequest, over: EpochMs): HistoryCandle[] {
    const parts = built.map(({ time, ...rest }) => ({ start: Date.parse(time), ...rest }));
    const candles = foldCandles(parts, this.intervals(request));
    // of the first interval the beginning may be missing
    const [first] = parts;
    const isWhole = ({ start }: FoldedCandle): boolean => first !== undefined && first.start <= start;
    return candles.filter(isWhole).map(({ start, end, ...rest }) => ({
      time: new Date(start).toISOString(),
      ...rest,
      final: end <= over,
    }));
  }

  private intervals({ symbol, interval, hours = 'regular', countedFrom = 'midnight' }: CandleRequest): IntervalClock {
    const exchange = symbol.slice(0, symbol.indexOf(':'));
    return new IntervalClock(this.calendar, exchange, { interval, hours, countedFrom });
  }
}

/** What is built in memory, and candles of an interval are made of. */
function baseOf(interval: HistoryInterval): CandleInterval {
  return HISTORY_INTERVALS[interval] < HISTORY_INTERVALS['1m'] ? '1s' : '1m';
}
