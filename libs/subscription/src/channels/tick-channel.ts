import type { Epoch, InstrumentId, Tick } from '#domain';
import type { TickView } from '#protocol';
import type { Client } from '../client.js';
import type { Channel, ChannelMessage, Member } from './channel.js';

/** Every tick of one instrument, none merged with another. Nothing can be made good: whoever misses one sees it by the sequence. */
export class TickChannel implements Channel {
  readonly members = new Map<Client, Member>();
  private pending: Tick[] = [];
  private sequence = 0;

  constructor(
    private readonly symbol: InstrumentId,
    private readonly epoch: Epoch,
  ) {}

  get isWanted(): boolean {
    return this.members.size > 0;
  }

  take(tick: Tick): void {
    this.pending.push(tick);
  }

  advance(): readonly ChannelMessage[] {
    if (this.pending.length === 0) return [];
    const told = this.pending;
    this.pending = [];
    return told.map((tick) => this.message(tick, ++this.sequence));
  }

  snapshot(): undefined {
    return undefined;
  }

  private message(tick: Tick, seq: number): ChannelMessage {
    const { symbol } = this;
    const epoch = this.epoch.name;
    const data = viewOf(tick);
    return { type: 'tick_update', payload: (_compression, timestamp) => ({ symbol, epoch, seq, data, timestamp }) };
  }
}

const FIELDS = ['price', 'lastSize', 'volume', 'bid', 'ask', 'bidSize', 'askSize'] as const;

/** What a tick said; what it said there is none of is null. */
function viewOf(tick: Tick): TickView {
  const view: { -readonly [K in keyof TickView]: TickView[K] } = { source: tick.vendor };
  for (const field of FIELDS) {
    const value = tick[field];
    if (value !== undefined) view[field] = Number.isNaN(value) ? null : value;
  }
  if (tick.eventTime !== undefined) view.time = new Date(tick.eventTime).toISOString();
  return view;
}
