import type { QuoteState } from '#cache';
import type { Cancel, Clock } from '#domain';
import type { QuoteStatus } from '#protocol';
import { ByteWriter } from './byte-writer.js';
import { writeRecord } from './update-codec.js';

/** Records of one message; what is left follows when it has been answered. */
const MAX_RECORDS = 1000;
const RETRY_MS = 250;

export interface ShardWriterParts {
  readonly clock: Clock;
  statusOf(state: QuoteState): QuoteStatus;
  /** Whether this node may publish at this moment. */
  maySend(): boolean;
  /** Publishes records; true when they were taken, false when nothing of ours is any more. Rejects when it is not known. */
  send(records: Buffer): Promise<boolean>;
  /** Everything of the shard that is known. */
  all(): Iterable<QuoteState>;
}

/**
 * Sends the instruments of one shard that have moved, one message at a time: what moves meanwhile waits, and of several changes of an
 * instrument the last one goes. So nothing is ever out of order, and memory stays bounded however long Redis takes.
 */
export class ShardWriter {
  private readonly moved = new Set<QuoteState>();
  private readonly bytes = new ByteWriter();
  private isSending = false;
  /** Since when nothing has been taken, by `elapsed`; undefined while all is. */
  private failedSince: number | undefined;
  private cancel: Cancel | undefined;
  private tenure = 0;

  constructor(private readonly parts: ShardWriterParts) {}

  mark(state: QuoteState): void {
    this.moved.add(state);
  }

  markAll(): void {
    for (const state of this.parts.all()) this.moved.add(state);
  }

  flush(): void {
    if (this.isSending || this.cancel !== undefined || this.moved.size === 0) return;
    if (!this.parts.maySend()) return this.flushLater();
    const sent = this.take();
    if (sent.length > 0) void this.send(sent);
  }

  /** For how long Redis has taken nothing of what was sent, ms; 0 while all is well. */
  get failingMs(): number {
    return this.failedSince === undefined ? 0 : this.parts.clock.elapsed() - this.failedSince;
  }

  /** Forgets what has not been sent. */
  stop(): void {
    this.tenure++;
    this.moved.clear();
    this.isSending = false;
    this.failedSince = undefined;
    this.cancel?.();
    this.cancel = undefined;
  }

  private take(): QuoteState[] {
    const sent: QuoteState[] = [];
    this.bytes.clear();
    for (const state of this.moved) {
      this.moved.delete(state);
      // an epoch has begun since it moved
      if (state.sequence === 0) continue;
      writeRecord(this.bytes, state, this.parts.statusOf(state));
      sent.push(state);
      if (sent.length === MAX_RECORDS) break;
    }
    return sent;
  }

  private async send(sent: readonly QuoteState[]): Promise<void> {
    const { tenure } = this;
    const startedAt = this.parts.clock.elapsed();
    this.isSending = true;
    let isTaken: boolean | undefined;
    try {
      isTaken = await this.parts.send(this.bytes.copy());
    } catch {
      isTaken = undefined;
    }
    if (tenure !== this.tenure) return;
    this.isSending = false;
    if (isTaken === undefined) return this.failed(sent, startedAt);
    // whatever kept Redis from answering may also have cost it what it had
    if (this.failedSince !== undefined && isTaken) this.markAll();
    this.failedSince = undefined;
    this.flush();
  }

  private failed(sent: readonly QuoteState[], startedAt: number): void {
    this.failedSince ??= startedAt;
    for (const state of sent) this.moved.add(state);
    this.flushLater();
  }

  private flushLater(): void {
    this.cancel = this.parts.clock.after(RETRY_MS, () => {
      this.cancel = undefined;
      this.flush();
    });
  }
}
