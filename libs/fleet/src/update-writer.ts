import type { QuoteState } from '#cache';
import type { Cancel, Clock } from '#domain';
import type { QuoteStatus } from '#protocol';
import { ByteWriter } from './byte-writer.js';
import type { ShardRecords } from './publish-scripts.js';
import { writeRecord } from './update-codec.js';

/** Records of one message; what is left follows when it has been answered. */
const MAX_RECORDS = 1000;
const RETRY_MS = 250;

export interface UpdateWriterParts {
  readonly clock: Clock;
  statusOf(state: QuoteState): QuoteStatus;
  /** Whether this node may publish at this moment. */
  maySend(): boolean;
  /**
   * Publishes records.
   * @returns the shards that have not taken theirs; undefined when nothing of ours is taken any more. Rejects when it is not known
   */
  send(parts: readonly ShardRecords[]): Promise<ReadonlySet<number> | undefined>;
  /** Everything of a shard that is known. */
  all(shard: number): Iterable<QuoteState>;
}

/**
 * Sends the instruments of some shards that have moved, one message at a time: what moves meanwhile waits, and of several changes of an
 * instrument the last one goes. So nothing is ever out of order, and memory stays bounded however long Redis takes.
 */
export class UpdateWriter {
  private readonly moved: ReadonlyMap<number, Set<QuoteState>>;
  private readonly bytes = new ByteWriter();
  private isSending = false;
  /** Shards that have failed, or may not be sent, and wait for a moment. */
  private readonly resting = new Set<number>();
  /** Since when a shard has taken nothing, by `elapsed`. */
  private readonly failedSince = new Map<number, number>();
  private cancel: Cancel | undefined;
  /** Where the next message begins, so that no shard waits for ever behind busier ones. */
  private first = 0;
  private tenure = 0;

  constructor(
    private readonly shards: readonly number[],
    private readonly parts: UpdateWriterParts,
  ) {
    this.moved = new Map(shards.map((shard) => [shard, new Set()]));
  }

  /** @param shard the state's, one of this writer's */
  mark(state: QuoteState, shard: number): void {
    (this.moved.get(shard) as Set<QuoteState>).add(state);
  }

  flush(): void {
    if (this.isSending) return;
    const sent = this.take();
    if (sent.size === 0) return;
    if (this.parts.maySend()) void this.send(sent);
    else this.putBack(sent);
  }

  /** Shards that have taken nothing for longer than `ms`. */
  failing(ms: number): number[] {
    const now = this.parts.clock.elapsed();
    return [...this.failedSince].flatMap(([shard, since]) => (now - since > ms ? [shard] : []));
  }

  /** Forgets what has not been sent. */
  stop(): void {
    this.tenure++;
    for (const states of this.moved.values()) states.clear();
    this.isSending = false;
    this.failedSince.clear();
    this.resting.clear();
    this.cancel?.();
    this.cancel = undefined;
  }

  private take(): Map<number, QuoteState[]> {
    const taken = new Map<number, QuoteState[]>();
    const { length } = this.shards;
    let room = MAX_RECORDS;
    const { first } = this;
    for (let i = 0; i < length && room > 0; i++) {
      const at = (first + i) % length;
      const shard = this.shards[at] as number;
      const states = this.takeOf(shard, room);
      room -= states.length;
      if (states.length > 0) taken.set(shard, states);
      this.first = (at + 1) % length;
    }
    return taken;
  }

  private takeOf(shard: number, most: number): QuoteState[] {
    const taken: QuoteState[] = [];
    if (this.resting.has(shard)) return taken;
    const moved = this.moved.get(shard) as Set<QuoteState>;
    for (const state of moved) {
      if (taken.length === most) break;
      moved.delete(state);
      // an epoch has begun since it moved
      if (state.sequence > 0) taken.push(state);
    }
    return taken;
  }

  private encode(sent: ReadonlyMap<number, readonly QuoteState[]>): ShardRecords[] {
    const { bytes } = this;
    bytes.clear();
    const ends: number[] = [];
    for (const states of sent.values()) {
      for (const state of states) writeRecord(bytes, state, this.parts.statusOf(state));
      ends.push(bytes.length);
    }
    const all = bytes.copy();
    return [...sent.keys()].map((shard, i) => ({ shard, records: all.subarray(ends[i - 1] ?? 0, ends[i]) }));
  }

  private async send(sent: ReadonlyMap<number, readonly QuoteState[]>): Promise<void> {
    const { tenure } = this;
    const startedAt = this.parts.clock.elapsed();
    this.isSending = true;
    let refused: ReadonlySet<number> | undefined;
    let isKnown = true;
    try {
      refused = await this.parts.send(this.encode(sent));
    } catch {
      isKnown = false;
    }
    if (tenure !== this.tenure) return;
    this.isSending = false;
    for (const [shard, states] of sent) {
      if (!isKnown || refused?.has(shard) === true) this.failed(shard, states, startedAt);
      else if (refused !== undefined) this.succeeded(shard);
    }
    this.flush();
  }

  private succeeded(shard: number): void {
    // whatever kept Redis from answering may also have cost it what it had
    if (this.failedSince.delete(shard)) for (const state of this.parts.all(shard)) this.mark(state, shard);
  }

  private failed(shard: number, states: readonly QuoteState[], startedAt: number): void {
    if (!this.failedSince.has(shard)) this.failedSince.set(shard, startedAt);
    this.rest(shard, states);
  }

  private putBack(sent: ReadonlyMap<number, readonly QuoteState[]>): void {
    for (const [shard, states] of sent) this.rest(shard, states);
  }

  private rest(shard: number, states: readonly QuoteState[]): void {
    for (const state of states) this.mark(state, shard);
    this.resting.add(shard);
    this.cancel ??= this.parts.clock.after(RETRY_MS, () => {
      this.cancel = undefined;
      this.resting.clear();
      this.flush();
    });
  }
}
