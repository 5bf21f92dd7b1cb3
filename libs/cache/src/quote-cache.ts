import { type Cache, createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { type Clock, type InstrumentId, SourceFailedError } from '#domain';
import type { RedisConnection } from '#redis';
import { CacheKeys } from './cache-keys.js';
import { type CachedAnswer, type CachedFailure, type CachedQuote, seal } from './cached-answer.js';
import { CheckedRedis, type SharedCacheCounts } from './checked-redis.js';
import { Patience } from './patience.js';
import { type Command, deleteMatching, sendAll } from './redis-bulk.js';
import { sharedTier } from './shared-tier.js';

export interface QuoteCacheOptions {
  readonly keyPrefix: string;
  readonly l1TtlMs: number;
  readonly l2TtlMs: number;
  /** What a reader waits for Redis, ms. */
  readonly l2TimeoutMs: number;
  /** Failures are remembered briefly, so that a wrong symbol does not become a call per request. */
  readonly failureTtlMs: number;
}

/** Clocks of nodes differ, but what was confirmed further in the future than this would be fresh for too long, ms. */
const AHEAD_MS = 1000;

/** What is remembered of an instrument. */
export interface Remembered {
  readonly quote?: CachedQuote;
  readonly failure?: CachedFailure;
}

/** How the shared tier does. */
export interface SharedCacheStats extends SharedCacheCounts {
  /** Of the last look-ups, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * The read path's tiers, by cache-manager: memory first, then Redis where there is one. Ticks never touch it: a look-up costs
 * about 100 microseconds.
 */
export class QuoteCache {
  readonly keys: CacheKeys;
  private readonly cache: Cache;
  private readonly memory: Keyv;
  private readonly patience: Patience;
  private readonly shared: CheckedRedis | undefined;
  /** When the failures in memory end. */
  private readonly failures = new Map<InstrumentId, number>();

  constructor(
    private readonly options: QuoteCacheOptions,
    private readonly clock: Clock,
    private readonly redis?: RedisConnection,
  ) {
    this.keys = new CacheKeys(options.keyPrefix);
    this.memory = new Keyv({ ttl: options.l1TtlMs });
    this.patience = new Patience(clock, options.l2TimeoutMs);
    if (redis !== undefined) this.shared = new CheckedRedis(redis, this.keys, this.patience);
    this.cache = createCache({
      stores: this.shared === undefined ? [this.memory] : [this.memory, sharedTier(this.shared, options.l2TtlMs)],
    });
  }

  /** What is remembered of each instrument, by one look-up for all of them. Never rejects. */
  async get(ids: readonly InstrumentId[]): Promise<Map<InstrumentId, Remembered>> {
    const keys = [...ids.map((id) => this.keys.quote(id)), ...ids.map((id) => this.keys.failure(id))];
    const found = await this.cache.mget<CachedAnswer>(keys);
    const now = this.clock.now();
    return new Map(
      ids.map((id, i) => {
        const quote = found[i] as CachedQuote | undefined;
        const failure = found[ids.length + i] as CachedFailure | undefined;
        return [
          id,
          {
            ...(quote !== undefined && quote.at <= now + AHEAD_MS && { quote }),
            ...(failure !== undefined && this.isRecent(failure, now) && { failure }),
          },
        ];
      }),
    );
  }

  /** A store may keep a failure longer than it is worth. */
  private isRecent({ at }: CachedFailure, now: number): boolean {
    return at <= now + AHEAD_MS && now - at <= this.options.failureTtlMs;
  }

  /** Runs what may wait longer for Redis than a reader does. */
  async patiently<T>(ms: number, work: () => Promise<T>): Promise<T> {
    return await this.patience.longer(ms, work);
  }

  /** Never rejects: what cannot be stored is fetched again. */
  async set(id: InstrumentId, answer: CachedAnswer): Promise<void> {
    if (answer.kind === 'quote') {
      // no lifetime of its own: each tier has one
      await this.cache.set(this.keys.quote(id), seal(answer));
      return;
    }
    const { failureTtlMs } = this.options;
    if (failureTtlMs === 0) return;
    this.failures.set(id, this.clock.now() + failureTtlMs);
    await this.cache.set(this.keys.failure(id), seal(answer), failureTtlMs);
  }

  /** Forgets an instrument in all tiers. @throws SourceFailedError when Redis keeps it */
  async delete(id: InstrumentId): Promise<void> {
    await this.forget([id]);
    if (this.redis?.isUp !== true) return;
    const unlink = [this.keys.quote(id), this.keys.failure(id)].map((key): Command => ['unlink', key]);
    const answers = await sendAll(this.redis, unlink).catch((error: Error) => [error]);
    const cause = answers.find((answer) => answer instanceof Error);
    if (cause !== undefined) throw new SourceFailedError('redis', `keeps ${id}`, { cause });
  }

  /** Forgets instruments in this process only. @param ids absent for all */
  async forget(ids?: readonly InstrumentId[]): Promise<void> {
    if (ids === undefined) this.failures.clear();
    else for (const id of ids) this.failures.delete(id);
    if (ids === undefined) await this.memory.clear();
    else await this.memory.delete(ids.flatMap((id) => [this.keys.quote(id), this.keys.failure(id)]));
  }

  /**
   * Forgets everything, in memory and under our keys in Redis.
   * @returns keys deleted in Redis
   * @throws SourceFailedError when Redis fails on the way
   */
  async clear(): Promise<number> {
    await this.forget();
    if (this.redis?.isUp !== true) return 0;
    let deleted = 0;
    try {
      for (const pattern of this.keys.patterns()) deleted += await deleteMatching(this.redis, pattern);
    } catch (cause) {
      throw new SourceFailedError('redis', `failed after ${deleted} keys were deleted`, { cause });
    }
    return deleted;
  }

  /** Failures that memory remembers now. */
  get negativeEntries(): number {
    const now = this.clock.now();
    for (const [id, until] of this.failures) if (until <= now) this.failures.delete(id);
    return this.failures.size;
  }

  /** Undefined in a process on its own. */
  get sharedStats(): SharedCacheStats | undefined {
    if (this.shared === undefined) return undefined;
    const { counts, latency } = this.shared;
    return { ...counts, p50Ms: latency.percentile(0.5), p99Ms: latency.percentile(0.99) };
  }
}
