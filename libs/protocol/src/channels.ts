import type { BookChanges, BookView, Candle, CandleInterval, InstrumentId } from '#domain';

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
