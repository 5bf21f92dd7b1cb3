/** Lengths of candles that are built, and how long they are in ms. */
export const CANDLE_INTERVALS = { '1s': 1000, '1m': 60_000 } as const;

export type CandleInterval = keyof typeof CANDLE_INTERVALS;

/** Trading within one interval, as clients see it. Without a trade there is no candle. */
export interface Candle {
  /** Start of the interval, ISO 8601 UTC; a whole second or minute of the exchange's clock too. */
  readonly time: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Traded within the interval, as far as the vendor tells; 0 where it sends prices only. */
  readonly volume: number;
  /** Whether the interval is over; only a trade that comes late still changes the candle. */
  readonly final: boolean;
  /** Whether a trade that came late has changed it. */
  readonly corrected: boolean;
}
