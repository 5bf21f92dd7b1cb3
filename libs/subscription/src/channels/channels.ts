import type { QuoteState } from '#cache';
import { messageEncoder } from '#compression';
import type { Cancel, Candle, CandleInterval, Clock, Epoch, EpochMs, InstrumentId } from '#domain';
import type { Client } from '../client.js';
import type { HubCounts } from '../hub.js';
import type { Subscription } from '../subscription.js';
import type { Channel, Member } from './channel.js';
import { encodeOnce } from './encode-once.js';
import { InstrumentChannels } from './instrument-channels.js';

/** Candles end with a second, so this often something may be over. */
const BEAT_MS = 1000;
/** How long candles are built for someone who has read them and not subscribed, ms. */
const WATCHED_MS = 5 * 60_000;
/** Instruments whose candles are built for readers only: a request costs its sender nothing, and candles cost memory for minutes. */
const MAX_WATCHED = 200;

/**
 * What is sent beside quotes: books, candles and single ticks. Only instruments that somebody follows so cost anything; ticks come through `followed`,
 * and a window's changes go out with `publish`.
 */
export class Channels {
  /** Instruments whose ticks are needed one by one. */
  readonly followed = new Map<InstrumentId, InstrumentChannels>();

  /** All that were ever followed. */
  private readonly known = new Map<InstrumentId, InstrumentChannels>();
  /** Those that are read without a subscription, the longest unread first. */
  private readonly watched = new Set<InstrumentChannels>();
  private readonly moved = new Set<InstrumentChannels>();
  /** Members that have missed something, for being late or limited, and get a snapshot instead. */
  private readonly behind = new Map<Member, Channel>();
  /** When the first of those may be told, by `clock.elapsed()`. */
  private settleAt = Infinity;
  private readonly touched = new Set<Client>();
  private cancel: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly epoch: Epoch,
    private readonly counts: HubCounts,
  ) {}

  /** Lets a client follow the channels its subscriptions name, and no others, each from a snapshot on. */
  greet(client: Client, accepted: readonly Subscription[]): void {
    for (const { group, options } of accepted) {
      const { state } = group;
      const { mode, candles = [], unconflated = false } = options;
      const wantsSome = mode === 'depth' || candles.length > 0 || unconflated;
      const channels = wantsSome ? this.of(state) : this.followed.get(state.instrument.id);
      if (channels === undefined) continue;
      channels.leave(client);
      // what others have not been told yet comes first, so that all are at the same position
      this.advance(channels);
      if (unconflated) this.join(client, channels.ticks, options);
      if (mode === 'depth') this.join(client, channels.depth, options);
      for (const interval of candles) this.join(client, channels.candles[interval], options);
      this.arrange(channels);
    }
    this.settle();
  }

  /** Sends everybody a snapshot: the positions of the epoch before mean nothing any more. */
  restart(): void {
    for (const channels of this.followed.values()) {
      for (const channel of channels.all()) {
        if (channel.snapshot() === undefined) continue;
        for (const member of channel.members.values()) this.fallBehind(member, channel);
      }
    }
    this.settle();
  }

  /** Forgets all candles: what comes next may be of an earlier time. */
  forget(): void {
    for (const channels of this.known.values()) channels.forget();
  }

  leave(client: Client, id: InstrumentId): void {
    const channels = this.followed.get(id);
    if (channels === undefined) return;
    channels.leave(client);
    this.arrange(channels);
  }

  /** Sends what has changed since the last call. */
  publish(): void {
    for (const channels of this.moved) this.advance(channels);
    this.moved.clear();
    this.settle();
  }

  /**
   * The newest candles there are, oldest first, and has them built for a while from now on; of too many instruments, those of the longest
   * unread are given up.
   * @param state of the instrument; that its ticks come is left to the caller
   */
  read(state: QuoteState, interval: CandleInterval, count: number): Candle[] {
    const channels = this.of(state);
    channels.watchedUntil = this.clock.now() + WATCHED_MS;
    this.watched.delete(channels);
    this.watched.add(channels);
    if (this.watched.size > MAX_WATCHED) this.giveUpLongestUnread();
    this.arrange(channels);
    return channels.last(interval, count);
  }

  /** Candles of an instrument that end until then are over: its vendor has told all of them. */
  over({ instrument }: QuoteState): EpochMs {
    const now = this.clock.now();
    return this.known.get(instrument.id)?.over(now) ?? now;
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private of(state: QuoteState): InstrumentChannels {
    const { id } = state.instrument;
    let channels = this.known.get(id);
    if (channels === undefined) {
      channels = new InstrumentChannels(state, this.epoch, (moved) => this.moved.add(moved));
      this.known.set(id, channels);
    }
    return channels;
  }

  private join(client: Client, channel: Channel, { compression, maxFrequency }: Subscription['options']): void {
    const encoder = messageEncoder(client.framing, client.format);
    const gapMs = maxFrequency === undefined ? 0 : 1000 / maxFrequency;
    const member: Member = { client, encoder, compression, gapMs, dueAt: 0 };
    channel.members.set(client, member);
    if (channel.snapshot() !== undefined) this.fallBehind(member, channel);
  }

  private giveUpLongestUnread(): void {
    const [longest] = this.watched;
    if (longest === undefined) return;
    longest.watchedUntil = 0;
    this.arrange(longest);
  }

  private arrange(channels: InstrumentChannels): void {
    const now = this.clock.now();
    const { id } = channels.state.instrument;
    if (now >= channels.watchedUntil) this.watched.delete(channels);
    if (channels.arrange(now)) this.followed.set(id, channels);
    else this.followed.delete(id);
    if (this.followed.size > 0 && this.cancel === undefined) this.awaitBeat();
  }

  private awaitBeat(): void {
    this.cancel = this.clock.after(BEAT_MS - (this.clock.now() % BEAT_MS), () => this.beat());
  }

  private beat(): void {
    this.cancel = undefined;
    const now = this.clock.now();
    for (const channels of this.followed.values()) channels.finish(now);
    this.publish();
    for (const channels of this.followed.values()) this.arrange(channels);
    if (this.followed.size > 0 && this.cancel === undefined) this.awaitBeat();
  }

  private advance(channels: InstrumentChannels): void {
    const now = this.clock.now();
    for (const channel of channels.all()) {
      const frames = channel.advance().map((message) => encodeOnce(message, now, this.counts));
      if (frames.length === 0) continue;
      for (const member of channel.members.values()) {
        if (this.behind.has(member)) continue;
        if (!this.admits(member, now)) {
          this.fallBehind(member, channel);
          if (member.client.late) this.counts.dropped += frames.length;
        } else for (const framesFor of frames) this.append(member, framesFor(member));
      }
    }
  }

  /** Sends snapshots to those who have missed something and may be told now, and writes to every client once. */
  private settle(): void {
    const now = this.clock.now();
    if (this.clock.elapsed() >= this.settleAt) this.catchUp(now);
    for (const client of this.touched) client.flush(now);
    this.touched.clear();
  }

  /** Limited members are looked at only when one of them is due: there may be very many. */
  private fallBehind(member: Member, channel: Channel): void {
    this.behind.set(member, channel);
    this.settleAt = Math.min(this.settleAt, member.client.late ? 0 : member.dueAt);
  }

  private catchUp(now: number): void {
    let next = Infinity;
    const snapshots = new Map<Channel, ReturnType<typeof encodeOnce>>();
    for (const [member, channel] of this.behind) {
      const isMember = channel.members.get(member.client) === member;
      if (isMember && !this.admits(member, now)) {
        next = Math.min(next, member.client.late ? 0 : member.dueAt);
        continue;
      }
      this.behind.delete(member);
      const message = isMember ? channel.snapshot() : undefined;
      if (message === undefined) continue;
      let framesFor = snapshots.get(channel);
      if (framesFor === undefined) snapshots.set(channel, (framesFor = encodeOnce(message, now, this.counts)));
      this.counts.snapshots++;
      this.append(member, framesFor(member));
    }
    this.settleAt = next;
  }

  /** Whether a member may be sent something now. What it may not is made good by a snapshot. */
  private admits(member: Member, now: number): boolean {
    if (!member.client.accepts(now)) return false;
    if (member.gapMs === 0) return true;
    const elapsed = this.clock.elapsed();
    if (elapsed < member.dueAt) return false;
    member.dueAt = elapsed + member.gapMs;
    return true;
  }

  private append({ client }: Member, frames: string): void {
    client.appendFrames(frames);
    this.counts.updates++;
    this.touched.add(client);
  }
}
