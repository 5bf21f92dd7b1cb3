import type { Cancel, Clock, InstrumentId, Log, PublishedQuote } from '#domain';
import type { RedisConnection } from '#redis';
import type { CacheKeys } from './cache-keys.js';
import { sealedText } from './cached-answer.js';
import type { LastValueStore } from './last-value.store.js';
import type { QuoteState } from './quote-state.js';
import { type Command, sendAll } from './redis-bulk.js';

export interface MirrorOptions {
  /** A value is written at most this often, ms; 0 for never. */
  readonly everyMs: number;
  /** How long Redis keeps a value that nobody confirms, ms. */
  readonly ttlMs: number;
}

/** How the copy of the last values in Redis does. */
export interface MirrorStats {
  /** Values written since start. */
  readonly written: number;
  /** Values that wait to be written. */
  readonly pending: number;
  /** Values Redis refused or did not take. */
  readonly failed: number;
  /** How old the oldest change was when it was last written, ms. */
  readonly lagMs: number;
}

/** Values of one pipeline: few enough that writing them delays no tick by more than a millisecond or two. */
const CHUNK = 100;
/** What a stop waits for Redis, ms. */
const STOP_WITHIN_MS = 1000;

/**
 * Writes the last values to Redis behind the tick path, the newest of each instrument. What cannot be written waits: never more
 * than one entry for each instrument.
 */
export class RedisMirror {
  private pending = new Set<InstrumentId>();
  private pendingSince = 0;
  private isWriter: () => boolean = () => true;
  private cancel: Cancel | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private isCut = false;
  private confirmedUntil = 0;
  private sweepAt = 0;
  private isFailing = false;
  private written = 0;
  private failed = 0;
  private lagMs = 0;

  /** @param redis undefined where there is none: then nothing is kept and nothing costs */
  constructor(
    private readonly lastValues: LastValueStore,
    private readonly keys: CacheKeys,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: MirrorOptions,
    private readonly redis?: RedisConnection,
  ) {}

  /** Of the nodes of a fleet one writes. */
  writesWhile(isWriter: () => boolean): void {
    this.isWriter = isWriter;
  }

  start(): void {
    if (this.redis === undefined || this.options.everyMs === 0) return;
    // a Redis that comes back may have come back empty
    this.redis.onChange((isUp) => {
      if (isUp) this.confirmedUntil = this.sweepAt = 0;
    });
    this.schedule();
  }

  /** Writes what is noted, as far as Redis takes it in a moment, and nothing after that. */
  async stop(): Promise<void> {
    if (this.cancel === undefined) return;
    this.cancel();
    this.cancel = undefined;
    await new Promise<void>((resolve) => {
      const cancel = this.clock.after(STOP_WITHIN_MS, resolve);
      void this.flushing
        .then(() => this.flush())
        .finally(() => {
          cancel();
          resolve();
        });
    });
    this.isCut = true;
  }

  /** Notes that values have been published: one addition to a set for each. */
  note(published: readonly PublishedQuote[]): void {
    if (this.cancel === undefined) return;
    if (this.pending.size === 0) this.pendingSince = this.clock.elapsed();
    for (const { instrument } of published) this.pending.add(instrument.id);
  }

  get stats(): MirrorStats {
    const { written, failed, lagMs } = this;
    return { written, pending: this.pending.size, failed, lagMs: Math.round(lagMs) };
  }

  private schedule(): void {
    this.cancel = this.clock.after(this.options.everyMs, () => {
      this.flushing = this.flush();
      void this.flushing.finally(() => {
        if (this.cancel !== undefined) this.schedule();
      });
    });
  }

  private async flush(): Promise<void> {
    if (!this.isWriter()) return this.pending.clear();
    if (this.redis?.isUp !== true) return;
    this.sweep();
    const due = this.pending;
    const since = this.pendingSince;
    this.pending = new Set();
    const ids = [...due];
    for (let at = 0; at < ids.length && !this.isCut; at += CHUNK) {
      if (at > 0) await this.breath();
      await this.write(ids.slice(at, at + CHUNK));
    }
    if (due.size > 0) this.lagMs = this.clock.elapsed() - since;
  }

  /** Values that stand still and are confirmed all the same must not expire. */
  private sweep(): void {
    const now = this.clock.elapsed();
    if (now < this.sweepAt) return;
    this.sweepAt = now + this.options.ttlMs / 3;
    const since = this.confirmedUntil;
    this.confirmedUntil = this.clock.now();
    if (this.pending.size === 0) this.pendingSince = now;
    for (const state of this.lastValues.known()) if (state.confirmedAt >= since) this.pending.add(state.instrument.id);
  }

  private async write(ids: readonly InstrumentId[]): Promise<void> {
    const states = ids
      .map((id) => this.lastValues.peek(id))
      .filter((state): state is QuoteState => state !== undefined && state.known && !state.isDoubted);
    if (states.length === 0) return;
    const expires = this.clock.now() + this.options.ttlMs;
    const commands = states.map((state): Command => this.command(state, expires));
    const answers = await sendAll(this.redis!, commands).catch((error: Error) => states.map(() => error));
    let error: Error | undefined;
    answers.forEach((answer, i) => {
      if (!(answer instanceof Error)) return this.written++;
      error = answer;
      this.failed++;
      return this.pending.add((states[i] as QuoteState).instrument.id);
    });
    this.tell(error);
  }

  private command(state: QuoteState, expires: number): Command {
    const { confirmedAt: at, halted } = state;
    const text = sealedText({ kind: 'quote', at, halted, quote: state.quote() }, expires);
    return ['set', this.keys.quote(state.instrument.id), text, 'PX', this.options.ttlMs];
  }

  private tell(error: Error | undefined): void {
    if (this.isFailing === (error !== undefined)) return;
    this.isFailing = error !== undefined;
    if (error !== undefined) this.log.warn({ error: error.message }, 'Redis does not take last values');
    else this.log.info({}, 'Redis takes last values again');
  }

  private breath(): Promise<void> {
    return new Promise((resolve) => void this.clock.after(0, resolve));
  }
}
