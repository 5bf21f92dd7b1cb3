import { type Candle, CANDLE_INTERVALS, type CandleInterval, type EpochMs, type Tick } from '#domain';
import { CandleSeries, type Trade } from './candle-series.js';
import { TradeReader } from './trade-reader.js';

/** Candles of each interval that are kept. */
export const KEPT_CANDLES = 300;
/** How long after its end an interval waits for trades that are under way, ms. */
export const GRACE_MS = 2000;

/** Builds one instrument's candles of all intervals from its ticks, by the time of the trades. */
export class CandleBuilder {
  private readonly trades = new TradeReader();
  private readonly series: Readonly<Record<CandleInterval, CandleSeries>> = {
    '1s': new CandleSeries(CANDLE_INTERVALS['1s'], KEPT_CANDLES),
    '1m': new CandleSeries(CANDLE_INTERVALS['1m'], KEPT_CANDLES),
  };

  /** A tick that was merged into the quote. @param volume its count of the day, if that is to be believed */
  accepted(tick: Tick, volume: number | undefined): void {
    this.add(this.trades.accepted(tick, volume));
  }

  /** A tick that was refused for being older than the quote. */
  late(tick: Tick): void {
    this.add(this.trades.late(tick));
  }

  /** Makes final what is over. Of a vendor that tells everything with a delay, nothing is over before it has told it. */
  finish(now: EpochMs): void {
    const end = this.over(now);
    for (const series of Object.values(this.series)) series.finish(end);
  }

  /** What ends until then is over. */
  over(now: EpochMs): EpochMs {
    return now - GRACE_MS - this.trades.lag;
  }

  get hasChanged(): boolean {
    return this.series['1s'].hasChanged || this.series['1m'].hasChanged;
  }

  /** Candles that have changed since the last call, oldest first. */
  takeChanged(interval: CandleInterval): Candle[] {
    return this.series[interval].takeChanged();
  }

  /** The newest candles, oldest first. */
  last(interval: CandleInterval, count: number): Candle[] {
    return this.series[interval].last(count);
  }

  private add(trade: Trade | undefined): void {
    if (trade === undefined) return;
    for (const series of Object.values(this.series)) series.add(trade);
  }
}
