import type { CandleBuilder } from '#candles';
import type { Candle, CandleInterval, Epoch, InstrumentId } from '#domain';
import type { Client } from '../client.js';
import type { Channel, ChannelMessage, Member } from './channel.js';

/** Candles in a snapshot: at one a second, as many as a client may be late. */
const SNAPSHOT_CANDLES = 30;

/** One instrument's candles of one interval. */
export class CandleChannel implements Channel {
  readonly members = new Map<Client, Member>();
  private sequence = 0;

  constructor(
    private readonly symbol: InstrumentId,
    private readonly interval: CandleInterval,
    private readonly epoch: Epoch,
    /** Undefined while nobody wants candles. */
    private readonly builder: () => CandleBuilder | undefined,
  ) {}

  advance(): readonly ChannelMessage[] {
    return (this.builder()?.takeChanged(this.interval) ?? []).map((candle) => this.update(candle));
  }

  snapshot(): ChannelMessage {
    const { symbol, interval, sequence: seq } = this;
    const epoch = this.epoch.name;
    const data = this.builder()?.last(interval, SNAPSHOT_CANDLES) ?? [];
    return {
      type: 'candle_snapshot',
      payload: (_compression, timestamp) => ({ symbol, interval, epoch, seq, data, timestamp }),
    };
  }

  private update(data: Candle): ChannelMessage {
    const { symbol, interval } = this;
    const seq = ++this.sequence;
    return {
      type: 'candle_update',
      payload: (_compression, timestamp) => ({ symbol, interval, seq, data, timestamp }),
    };
  }
}
