import type { Listing } from '../market-model/listing.js';

const MINUTE_MS = 60_000;

/** Prices and volume of the running minute. */
export interface Candle {
  readonly start: number;
  readonly open: number;
  high: number;
  low: number;
  readonly volumeBefore: number;
}

/** The running minute of every listing that has traded. */
export class MinuteCandles {
  private readonly candles = new Map<Listing, Candle>();

  /** Takes in the last trade. */
  heard(listing: Listing): void {
    const { tradedAt, last, volume, lastSize } = listing;
    if (tradedAt === undefined) return;
    const start = Math.floor(tradedAt / MINUTE_MS) * MINUTE_MS;
    const candle = this.candles.get(listing);
    if (candle?.start === start) {
      candle.high = Math.max(candle.high, last);
      candle.low = Math.min(candle.low, last);
    } else this.candles.set(listing, { start, open: last, high: last, low: last, volumeBefore: volume - lastSize });
  }

  of(listing: Listing): Candle | undefined {
    return this.candles.get(listing);
  }
}
