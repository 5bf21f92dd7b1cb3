/** Lengths of candles that history knows, ms; `1d` is a trading day. */
export const HISTORY_INTERVALS = {
  '1s': 1000,
  '5s': 5000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
} as const;

export type HistoryInterval = keyof typeof HISTORY_INTERVALS;
