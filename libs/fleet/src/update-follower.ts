import type { LastValueStore, QuoteState } from '#cache';
import type { Cancel, Clock, EpochMs, InstrumentId, Log } from '#domain';
import type { QuoteStatus } from '#protocol';
import type { RedisConnection } from '#redis';
import { ByteReader } from './byte-reader.js';
import { LastRecords } from './last-records.js';
import { ShardSubscriptions } from './shard-subscriptions.js';
import { type ForwardedTick, unpackTicks } from './tick-codec.js';
import { FAILING, readStamp, RecordReader, type Stamp, TICKS, type UpdateRecord } from './update-codec.js';
import { PULSE_MS } from './update-publisher.js';
import type { UpdateShards } from './update-shards.js';

/** Beats without a word of the owner after which its quotes are not live any more. */
const SILENT_BEATS = 6;
/** Beats in which a message comes whose record has been read already. */
const PATIENT_BEATS = 2;

/** The owner as last heard. */
export interface HeardOwner {
  readonly term: number;
  readonly epoch: string;
  readonly heardAt: EpochMs;
}

/** What the follower has its own process do. Every call is synchronous. */
export interface FollowerFlow {
  /** Begins an epoch: all positions are forgotten. */
  restart(epoch: string): void;
  /** Publishes adopted positions here. */
  publish(states: readonly QuoteState[]): void;
  /** The owner has said, perhaps again, how fresh these are. */
  told(states: readonly QuoteState[]): void;
  /** Ticks of instruments that somebody here needs each tick of. */
  ticks(ticks: readonly ForwardedTick[]): void;
  /** The owner is not heard any more: from here on this node counts for itself, in an epoch of its own. */
  detached(): void;
}

/** Counts for the metrics. */
export interface FollowerCounts {
  /** Positions taken over as they are. */
  adopted: number;
  /** Of those: not the next of their instrument. */
  gaps: number;
  /** Messages that could not be read. */
  malformed: number;
  /** Messages of an owner that is not the owner any more. */
  outdated: number;
}

/**
 * Keeps the quotes this node wants equal to the owner's: same values, same sequence, same epoch. A record holds the whole quote, so
 * whatever was missed is made good by the next one, and by reading the last ones after every break and now and then.
 */
export class UpdateFollower {
  readonly counts: FollowerCounts = { adopted: 0, gaps: 0, malformed: 0, outdated: 0 };

  private heard: HeardOwner | undefined;
  /** Owners of lower terms are none any more. */
  private leastTerm = 0;
  private isFollowing = false;
  private wanted: ReadonlySet<InstrumentId> = new Set();
  /** The same by shard, once somebody has asked. */
  private divided: ReadonlyMap<number, readonly InstrumentId[]> | undefined;
  /** As the owner last said, also when it was another one; it counts while the owner is heard. */
  private readonly statuses = new Map<InstrumentId, QuoteStatus>();
  /** Shards whose updates cannot come now, and when the owner first said so. */
  private readonly failing = new Map<number, EpochMs>();
  /** Shards of which a record was found that has not been pushed, until it is, and in which beat. */
  private readonly suspects = new Map<number, number>();
  private readonly subscriptions: ShardSubscriptions;
  private readonly lastRecords: LastRecords;
  private readonly reader = new RecordReader();
  /** Shards whose last records have to be read. */
  private readonly unread = new Set<number>();
  private isReading = false;
  private beats = 0;
  /** Beats since the owner was heard. Counted, because after a pause of this process its words are waiting to be read. */
  private silentBeats = 0;
  private cancel: Cancel | undefined;
  private readonly adopted = new Set<QuoteState>();
  private toldOf: QuoteState[] = [];
  private forwarded: ForwardedTick[] = [];
  private isFlushing = false;
  private readonly ownerListeners: ((owner: HeardOwner) => void)[] = [];
  private flow: FollowerFlow | undefined;

  constructor(
    redis: RedisConnection,
    private readonly shards: UpdateShards,
    private readonly lastValues: LastValueStore,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.lastRecords = new LastRecords(redis, shards);
    this.subscriptions = new ShardSubscriptions(redis, shards, clock, log, {
      message: (message) => this.receive(message),
      subscribed: (shard) => this.readSoon(shard),
    });
  }

  /** Joins the follower to what publishes here. */
  join(flow: FollowerFlow): void {
    this.flow = flow;
  }

  /** Undefined before any was heard. */
  get owner(): HeardOwner | undefined {
    return this.heard;
  }

  /** Whether the quotes here are at the owner's positions, which nobody here may count on. */
  get isAttached(): boolean {
    return this.isFollowing;
  }

  get isRunning(): boolean {
    return this.cancel !== undefined;
  }

  /** Called with each owner whose term begins, as far as it is heard. */
  onOwner(listener: (owner: HeardOwner) => void): void {
    this.ownerListeners.push(listener);
  }

  /** How fresh the owner says a quote is; undefined where it does not say, or is not heard. */
  statusOf(id: InstrumentId): QuoteStatus | undefined {
    if (!this.isFollowing || (this.failing.size > 0 && this.failing.has(this.shards.of(id)))) return undefined;
    return this.statuses.get(id);
  }

  /** When the owner was last heard while it confirmed a quote; 0 where it last said that nobody does, or nothing. */
  vouchedAt(id: InstrumentId): EpochMs {
    const status = this.statuses.get(id);
    if (status === undefined || status === 'delayed' || status === 'stale') return 0;
    return this.failing.get(this.shards.of(id)) ?? this.heard?.heardAt ?? 0;
  }

  /** Whether an instrument's updates are wanted here. */
  wants(id: InstrumentId): boolean {
    return this.isRunning && this.wanted.has(id);
  }

  /** Replaces the set of instruments to follow. What is not followed any more has no position. */
  want(ids: ReadonlySet<InstrumentId>): void {
    const before = this.wanted;
    this.wanted = ids;
    this.divided = undefined;
    if (this.isRunning) {
      this.flush();
      for (const id of before) if (!ids.has(id)) this.leave(id);
    }
    const added = [...ids].filter((id) => !before.has(id));
    if (added.length === 0 && before.size === ids.size) return;
    const shards = new Set<number>();
    for (const id of ids) shards.add(this.shards.of(id));
    this.subscriptions.want(shards);
    if (!this.isRunning) return;
    const newHere = this.shards.divide(added);
    for (const [shard, its] of newHere) if (this.subscriptions.held.has(shard)) void this.read(shard, its);
  }

  start(): void {
    if (this.isRunning) return;
    this.silentBeats = 0;
    this.awaitBeat();
    this.subscriptions.start();
  }

  /** This node ends, or is the owner. @param term its own: no earlier owner is followed afterwards */
  stop(term = 0): void {
    this.flush();
    this.leastTerm = Math.max(this.leastTerm, term);
    this.cancel?.();
    this.cancel = undefined;
    this.isFollowing = false;
    this.statuses.clear();
    this.failing.clear();
    this.suspects.clear();
    this.unread.clear();
    this.subscriptions.stop();
  }

  private leave(id: InstrumentId): void {
    this.statuses.delete(id);
    // a position that does not move any more must not greet whoever wants the instrument next
    if (this.isFollowing) this.lastValues.peek(id)?.restart();
  }

  private receive(message: Buffer): void {
    try {
      const bytes = new ByteReader(message);
      const stamp = readStamp(bytes);
      // single ticks say nothing of whether quotes come
      if (stamp.kind === TICKS && !this.isFollowing) return;
      if (!this.hear(stamp)) return;
      if (stamp.kind === FAILING) return this.fail(bytes);
      if (stamp.kind === TICKS) {
        for (const one of unpackTicks(bytes.rest())) if (this.wanted.has(one.tick.instrument)) this.forwarded.push(one);
        return;
      }
      if (bytes.isAtEnd) return this.fail(bytes);
      this.reader.read(
        bytes,
        (id) => this.wanted.has(id),
        (record) => {
          if (this.suspects.size > 0) this.suspects.delete(this.shards.of(record.id));
          this.take(record);
        },
      );
    } catch (error) {
      if (this.counts.malformed++ === 0)
        this.log.warn({ error: String(error) }, 'an update of the owner cannot be read');
    } finally {
      this.flushSoon();
    }
  }

  /** Whether what this owner says counts. */
  private hear({ kind, term, epoch }: Stamp): boolean {
    const before = this.heard;
    if (term < this.leastTerm || (term === before?.term && epoch !== before.epoch)) {
      this.counts.outdated++;
      return false;
    }
    this.heard = { term, epoch, heardAt: this.clock.now() };
    this.leastTerm = term;
    if (kind !== TICKS) this.silentBeats = 0;
    if (!this.isFollowing || before?.epoch !== epoch) this.attach(epoch);
    if (before?.term !== term) for (const listener of this.ownerListeners) listener(this.heard);
    return this.isFollowing;
  }

  private attach(epoch: string): void {
    this.flush();
    if (!this.isFollowing) {
      this.statuses.clear();
      this.failing.clear();
    }
    this.isFollowing = true;
    this.flow?.restart(epoch);
    for (const shard of this.subscriptions.held) this.unread.add(shard);
    void this.readUnread();
  }

  /** Takes the owner's word for which shards fail; none in a plain sign of life. */
  private fail(bytes: ByteReader): void {
    const failing = new Set<number>();
    while (!bytes.isAtEnd) failing.add(bytes.varint());
    const changed = [...this.failing.keys()].filter((shard) => !failing.has(shard));
    for (const shard of changed) this.failing.delete(shard);
    for (const shard of failing) {
      if (this.failing.has(shard)) continue;
      this.failing.set(shard, this.clock.now());
      changed.push(shard);
    }
    for (const shard of changed) for (const id of this.wantedOf(shard)) this.tellOf(id);
  }

  private tellOf(id: InstrumentId): void {
    const state = this.lastValues.peek(id);
    if (state?.known === true) this.toldOf.push(state);
  }

  private wantedOf(shard: number): readonly InstrumentId[] {
    this.divided ??= this.shards.divide(this.wanted);
    return this.divided.get(shard) ?? [];
  }

  private take({ id, sequence, changed, source, values, confirmedAt, halted, status }: UpdateRecord): void {
    const state = this.lastValues.peek(id);
    if (state === undefined || sequence < state.sequence) return;
    if (sequence > state.sequence) {
      // two positions of one state do not fit into one window
      if (this.adopted.has(state)) this.flush();
      if (sequence !== state.sequence + 1) this.counts.gaps++;
      this.counts.adopted++;
      state.adopt(sequence, changed, source, values);
      this.adopted.add(state);
    }
    state.inherit(confirmedAt, halted);
    this.toldOf.push(state);
    this.statuses.set(id, status);
  }

  /** Each shard's part of a window is a message: what comes in one piece goes to the clients together, in one write. */
  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    queueMicrotask(() => {
      this.isFlushing = false;
      this.flush();
    });
  }

  private flush(): void {
    const { toldOf } = this;
    if (toldOf.length > 0) {
      const adopted = [...this.adopted];
      this.adopted.clear();
      this.toldOf = [];
      if (adopted.length > 0) this.flow?.publish(adopted);
      this.flow?.told(toldOf);
    }
    const { forwarded } = this;
    if (forwarded.length === 0) return;
    this.forwarded = [];
    this.flow?.ticks(forwarded);
  }

  private readSoon(shard: number): void {
    this.unread.add(shard);
    void this.readUnread();
  }

  private async readUnread(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    for (const shard of this.unread) {
      this.unread.delete(shard);
      if (!(await this.read(shard, this.wantedOf(shard)))) break;
    }
    this.isReading = false;
  }

  /**
   * @param isCheck everything newer should have been pushed
   * @returns false when Redis does not answer; the shard is read again with the next beat
   */
  private async read(shard: number, ids: readonly InstrumentId[], isCheck = false): Promise<boolean> {
    const take = (record: UpdateRecord, { term, epoch }: Stamp): void => {
      const { heard } = this;
      // the owner's own word comes first: what it left here when it ended is no sign of life
      if (!this.isFollowing || heard?.term === undefined || term > heard.term || epoch !== heard.epoch) return;
      if (!this.wanted.has(record.id)) return;
      const known = this.lastValues.peek(record.id)?.sequence ?? 0;
      if (isCheck && known > 0 && record.sequence > known && !this.suspects.has(shard))
        this.suspects.set(shard, this.beats);
      this.take(record);
    };
    try {
      await this.lastRecords.read(shard, ids, take, () => this.flush());
      return true;
    } catch (error) {
      this.log.debug({ error: String(error), shard }, 'last records not read');
      this.unread.add(shard);
      return false;
    } finally {
      this.flush();
    }
  }

  private awaitBeat(): void {
    this.cancel = this.clock.after(PULSE_MS, () => this.beat());
  }

  private beat(): void {
    this.awaitBeat();
    if (++this.silentBeats === SILENT_BEATS && this.isFollowing) this.detach();
    this.beats++;
    if (this.isFollowing) this.checkNext();
    if (this.unread.size > 0) void this.readUnread();
  }

  /** Messages may be lost where nobody notices, as when a Cluster moves a shard, or a peer is gone without a word: each shard is looked at in turn. */
  private checkNext(): void {
    // a message may come a moment after its record was read
    if ([...this.suspects.values()].some((found) => this.beats - found >= PATIENT_BEATS)) {
      this.suspects.clear();
      this.log.warn({}, 'updates of the owner do not come; subscribing again');
      return this.subscriptions.renew();
    }
    const held = [...this.subscriptions.held];
    const shard = held[this.beats % held.length];
    if (shard !== undefined && !this.unread.has(shard)) void this.read(shard, this.wantedOf(shard), true);
  }

  private detach(): void {
    this.flush();
    this.isFollowing = false;
    this.suspects.clear();
    this.log.warn({ owner: this.heard }, 'the owner is not heard any more');
    this.flow?.detached();
  }
}
