/** Why a tick, or a part of it, was refused. Metric label and log field, so the words are stable. */
export type RejectReason =
  | 'unknown-instrument'
  | 'no-value'
  | 'price'
  | 'size'
  | 'tick-size'
  | 'circuit'
  | 'late'
  | 'future'
  | 'volume'
  | 'outlier'
  | 'stale'
  | 'crossed'
  | 'spread'
  | 'candle'
  | 'cross-source'
  | 'paused';
