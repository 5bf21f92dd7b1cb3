import type { Compression, MessageEncoder } from '#compression';
import type { Client } from '../client.js';

/** One message of a channel, in the form each compression has it. */
export interface ChannelMessage {
  readonly type: 'depth_snapshot' | 'depth_update' | 'tick_update' | 'candle_snapshot' | 'candle_update';
  payload(compression: Compression, now: number): object;
}

/** One client's place in one channel. */
export interface Member {
  readonly client: Client;
  readonly encoder: MessageEncoder;
  readonly compression: Compression;
  /** Least time between two windows it gets something of, ms; 0 without a limit. */
  readonly gapMs: number;
  /** With a limit: when the next may come, by `clock.elapsed()`. */
  dueAt: number;
}

/** A sequence of updates of one instrument beside its quote, which a member follows from a snapshot on. */
export interface Channel {
  readonly members: Map<Client, Member>;
  /** Takes up what has changed since the last call, each change at its next sequence. */
  advance(): readonly ChannelMessage[];
  /** Where the channel is now; undefined while there is nothing to tell, and then its first message is one. */
  snapshot(): ChannelMessage | undefined;
}
