import type { BookChanges, BookView, Candle, CandleInterval, InstrumentId } from '#domain';

/** One tick as a vendor told it: only what it said; null is what it said there is none of. */
export interface TickView {
  readonly price?: number | null;
  readonly lastSize?: number | null;
  /** Count of the day. */
  readonly volume?: number | null;
  readonly bid?: number | null;
  readonly ask?: number | null;
  readonly bidSize?: number | null;
  readonly askSize?: number | null;
  /** Exchange event time, ISO 8601 UTC. */
  readonly time?: string;
  readonly source: string;
}

/**
 * What is sent beside quotes to clients that ask for it: with mode `depth`, and with `candles`. `seq` counts per symbol and channel, and
 * each interval is a channel of its own; a channel begins with its snapshot.
 */
export interface ChannelMessages {
  depth_snapshot: {
    readonly symbol: InstrumentId;
    readonly epoch: string;
    readonly seq: number;
    readonly data: BookView;
    readonly timestamp: number;
  };
  depth_update: {
    readonly symbol: InstrumentId;
    readonly seq: number;
    /** The whole book, or what has changed, as `compression` says. */
    readonly data: BookView | BookChanges;
    readonly compression: 'none' | 'delta';
    readonly timestamp: number;
  };
  /** One accepted tick, none merged with another; a hole in `seq` is what a slow client has missed. */
  tick_update: {
    readonly symbol: InstrumentId;
    readonly epoch: string;
    readonly seq: number;
    readonly data: TickView;
    readonly timestamp: number;
  };
  candle_snapshot: {
    readonly symbol: InstrumentId;
    readonly interval: CandleInterval;
    readonly epoch: string;
    readonly seq: number;
    /** The newest candles, oldest first. */
    readonly data: readonly Candle[];
    readonly timestamp: number;
  };
  candle_update: {
    readonly symbol: InstrumentId;
    readonly interval: CandleInterval;
    readonly seq: number;
    /** The whole candle; it replaces the one of the same time. */
    readonly data: Candle;
    readonly timestamp: number;
  };
}
