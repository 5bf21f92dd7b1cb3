import type { LastValueStore, QuoteState } from '#cache';
import type { Cancel, Clock, Delta, InstrumentId, Log } from '#domain';
import type { QuoteStatus } from '#protocol';
import type { RedisConnection } from '#redis';
import { ByteWriter } from './byte-writer.js';
import { LastRecords } from './last-records.js';
import type { Tenure } from './ownership.js';
import { PublishScripts, type ShardRecords } from './publish-scripts.js';
import { type ForwardedTick, packTicks } from './tick-codec.js';
import { FAILING, stampOf, TICKS, type UpdateRecord, UPDATES } from './update-codec.js';
import type { UpdateShards } from './update-shards.js';
import { UpdateWriter } from './update-writer.js';

/** How often the owner gives a sign of life, ms. */
export const PULSE_MS = 500;
/** For how long Redis may refuse what is published before the other nodes are not to believe what they have, ms. */
const FAILING_MS = 1000;
const ATTEMPTS = 3;
const ATTEMPT_PAUSE_MS = 300;
/** Longer than markets are closed in a row, ms: what nobody has confirmed since is of no use to the next owner. */
const LAST_KEPT_MS = 14 * 86_400_000;

/** What the publisher has the owner's own process do. */
export interface OwnerFlow {
  /** Begins an epoch: all positions are forgotten. */
  restart(epoch: string): void;
  /** Publishes what is known of these, here and to the fleet. */
  advance(states: Iterable<QuoteState>): void;
  /** How fresh a quote is. */
  statusOf(state: QuoteState): QuoteStatus;
  /** Whether this node, as far as it knows, is the owner at this moment. */
  mayPublish(): boolean;
}

/** Tells the other nodes what this one, the owner, publishes. Nothing on the tick path waits for it. */
export class UpdatePublisher {
  private tenure: Tenure | undefined;
  /** Grows with every beginning and end, so that what is still on its way knows that it is late. */
  private turn = 0;
  private cancelPulse: Cancel | undefined;
  private readonly writers: readonly UpdateWriter[];
  /** The writer of each shard. */
  private readonly writerOf: readonly UpdateWriter[];
  private readonly touched = new Set<UpdateWriter>();
  private readonly ticks = new Map<number, ForwardedTick[]>();
  private readonly scripts: PublishScripts;
  private readonly lastRecords: LastRecords;
  /** When Redis last took something, by `elapsed`. */
  private takenAt = 0;
  private readonly fencedListeners: ((laterTerm: number) => void)[] = [];
  private flow: OwnerFlow | undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly shards: UpdateShards,
    private readonly lastValues: LastValueStore,
    private readonly clock: Clock,
    private readonly log: Log,
    /** How long changes are kept for clients that return, ms. */
    private readonly keepMs: number,
  ) {
    this.scripts = new PublishScripts(redis);
    this.lastRecords = new LastRecords(redis, shards);
    const all = shards.keys.map((_, shard) => shard);
    // a script may touch one slot of a Cluster, and anything elsewhere
    const parts = redis.isCluster ? all.map((shard) => [shard]) : [all];
    this.writers = parts.map((part) => this.writer(part));
    this.writerOf = all.map((shard) => this.writers[redis.isCluster ? shard : 0] as UpdateWriter);
    redis.onChange((isUp) => isUp && this.restateAll());
  }

  /** Joins the publisher to the tick path. */
  join(flow: OwnerFlow): void {
    this.flow = flow;
  }

  /** Called when a later term has published: this node is not the owner. */
  onFenced(listener: (laterTerm: number) => void): void {
    this.fencedListeners.push(listener);
  }

  /**
   * Shuts the owner before out, takes over its values and publishes everything known. Never rejects; where Redis does not answer it goes on
   * with what this node knows. Resolves early when the tenure is over meanwhile.
   */
  async begin(tenure: Tenure): Promise<void> {
    const turn = this.halt();
    const found = new Map<InstrumentId, UpdateRecord>();
    let missing = this.shards.keys.map((_, shard) => shard);
    for (let attempt = 1; missing.length > 0 && attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await new Promise<void>((resolve) => void this.clock.after(ATTEMPT_PAUSE_MS, resolve));
      if (turn !== this.turn) return;
      const ends = await Promise.allSettled(missing.map((shard) => this.takeOver(shard, tenure, found)));
      if (turn !== this.turn) return;
      const laterTerm = Math.max(...ends.map((end) => (end.status === 'fulfilled' ? end.value : 0)));
      if (laterTerm > 0) return this.fenced(laterTerm);
      missing = missing.filter((_, i) => ends[i]?.status === 'rejected');
      const failure = ends.find((end) => end.status === 'rejected');
      if (failure !== undefined)
        this.log.warn(
          { error: String(failure.reason), attempt, shards: missing.length },
          'shards could not be taken over from the last owner',
        );
    }
    if (tenure.isNew) {
      for (const record of found.values()) this.inherit(record);
      // whoever confirmed it does not any more
      for (const state of this.lastValues.known()) state.doubt();
      this.flow?.restart(tenure.epoch);
    }
    this.tenure = tenure;
    this.pulse();
    if (tenure.isNew) this.flow?.advance([...this.lastValues.known()]);
    else this.restateAll();
  }

  /** This node is not the owner any more. */
  end(): void {
    this.halt();
  }

  /** Sends one window's changes. Costs nothing on a node that is not the owner. */
  publish(deltas: readonly Delta[]): void {
    if (this.tenure === undefined) return;
    for (const { instrument } of deltas) this.mark(this.lastValues.peek(instrument.id) as QuoteState);
    this.flush();
  }

  /** Tells anew of a quote that has not moved: how fresh it is has changed. */
  restate(state: QuoteState): void {
    if (this.tenure === undefined) return;
    this.mark(state);
    this.flush();
  }

  /** Keeps a tick for the nodes that need each one; it goes with the window. */
  forward(forwarded: ForwardedTick): void {
    if (this.tenure === undefined) return;
    const shard = this.shards.of(forwarded.tick.instrument);
    const waiting = this.ticks.get(shard);
    if (waiting === undefined) this.ticks.set(shard, [forwarded]);
    else waiting.push(forwarded);
  }

  private mark(state: QuoteState): void {
    const shard = this.shards.of(state.instrument.id);
    const writer = this.writerOf[shard] as UpdateWriter;
    writer.mark(state, shard);
    this.touched.add(writer);
  }

  private flush(): void {
    if (!this.redis.isUp) this.ticks.clear();
    for (const writer of this.touched) if (this.redis.isUp) writer.flush();
    this.touched.clear();
    if (this.ticks.size > 0) this.flushTicks();
  }

  private flushTicks(): void {
    for (const [shard, ticks] of this.ticks) {
      const { channel } = this.shards.keys[shard] as (typeof this.shards.keys)[number];
      this.tell(channel, Buffer.concat([this.stamp(TICKS), packTicks(ticks)]), true);
    }
    this.ticks.clear();
  }

  private restateAll(): void {
    if (this.tenure === undefined) return;
    for (const state of this.lastValues.known()) this.mark(state);
    this.flush();
  }

  private halt(): number {
    this.tenure = undefined;
    this.cancelPulse?.();
    for (const writer of this.writers) writer.stop();
    this.touched.clear();
    this.ticks.clear();
    return ++this.turn;
  }

  /**
   * Shuts the owner before out of a shard, and finds what it has published of it. A Redis that is full still lets the values be read.
   * @returns 0, or the later term that has been here
   */
  private async takeOver(
    shard: number,
    { term, isNew }: Tenure,
    found: Map<InstrumentId, UpdateRecord>,
  ): Promise<number> {
    const keys = this.shards.keys[shard] as (typeof this.shards.keys)[number];
    const [fenced] = await Promise.allSettled([this.scripts.fence(keys, term)]);
    if (fenced.status === 'fulfilled' && fenced.value > 0) return fenced.value;
    if (isNew) await this.readLast(shard, found);
    if (fenced.status === 'rejected') throw fenced.reason;
    return 0;
  }

  private async readLast(shard: number, found: Map<InstrumentId, UpdateRecord>): Promise<void> {
    const oldest = this.clock.now() - LAST_KEPT_MS;
    const old: InstrumentId[] = [];
    await this.lastRecords.readAll(shard, (record) => {
      if (record.confirmedAt < oldest) old.push(record.id);
      else found.set(record.id, { ...record, values: record.values.slice() });
    });
    // those that are left now go with the next takeover
    this.lastRecords.forget(shard, old).catch(() => undefined);
  }

  /** Takes the last owner's value for ours where it is the newer one. The position it is at is about to be forgotten. */
  private inherit({ id, sequence, changed, source, values, confirmedAt, halted }: UpdateRecord): void {
    const state = this.lastValues.peek(id);
    if (state === undefined || confirmedAt < state.confirmedAt) return;
    state.adopt(sequence, changed, source, values);
    state.inherit(confirmedAt, halted);
  }

  private fenced(laterTerm: number): void {
    this.halt();
    for (const listener of this.fencedListeners) listener(laterTerm);
  }

  private pulse(): void {
    this.cancelPulse = this.clock.after(PULSE_MS, () => this.pulse());
    const failing = this.writers.flatMap((writer) => writer.failing(FAILING_MS));
    if (failing.length === 0) return this.tell(this.shards.ownerChannel, this.stamp(UPDATES), false);
    // where all is refused the others are to go on as if nobody were there
    if (this.clock.elapsed() - this.takenAt > FAILING_MS) return;
    const bytes = new ByteWriter();
    for (const shard of failing) bytes.varint(shard);
    this.tell(this.shards.ownerChannel, Buffer.concat([this.stamp(FAILING), bytes.copy()]), false);
  }

  private stamp(kind: number): Buffer {
    const { term, epoch } = this.tenure as Tenure;
    return stampOf(kind, term, epoch, this.clock.now());
  }

  /** What is lost is made good by the next of its kind. */
  private tell(channel: string, message: Buffer, isSharded: boolean): void {
    if (this.flow?.mayPublish() !== true) return;
    const { commands } = this.redis;
    const told = isSharded ? commands.spublish(channel, message) : commands.publish(channel, message);
    told.catch(() => undefined);
  }

  private writer(shards: readonly number[]): UpdateWriter {
    return new UpdateWriter(shards, {
      clock: this.clock,
      statusOf: (state) => this.flow?.statusOf(state) ?? 'live',
      maySend: () => this.flow?.mayPublish() ?? false,
      all: (shard) => this.knownOf(shard),
      send: (parts) => this.send(parts),
    });
  }

  private async send(parts: readonly ShardRecords[]): Promise<ReadonlySet<number> | undefined> {
    const { tenure, turn } = this;
    if (tenure === undefined) return undefined;
    const stamp = this.stamp(UPDATES);
    const { laterTerm, refused } = await this.scripts.publish(this.shards, parts, tenure.term, stamp, this.keepMs);
    if (laterTerm === 0) {
      this.takenAt = this.clock.elapsed();
      return refused;
    }
    if (turn === this.turn) this.fenced(laterTerm);
    return undefined;
  }

  private *knownOf(shard: number): Iterable<QuoteState> {
    for (const state of this.lastValues.known()) if (this.shards.of(state.instrument.id) === shard) yield state;
  }
}
