import type { InstrumentId, MarketDataError } from '#domain';
import type { RedisConnection } from '#redis';
import type { CacheKeys } from './cache-keys.js';

const KEEP_MS = 300_000;

/** How one vendor call for several symbols went. */
export interface VendorBatch {
  readonly vendor: string;
  /** When it was asked, and for how long, ms. */
  readonly at: number;
  readonly tookMs: number;
  readonly symbols: readonly InstrumentId[];
  readonly failed: ReadonlyMap<InstrumentId, MarketDataError>;
}

/**
 * Leaves in Redis for five minutes how each vendor call went, for operators of a fleet. Answers of readers are not kept this way: a
 * list that is read again is served from memory, because reading it has made its symbols wanted.
 */
export class BatchLog {
  private count = 0;

  constructor(
    private readonly keys: CacheKeys,
    /** Tells the processes of a fleet apart. */
    private readonly node: string,
    private readonly redis: RedisConnection,
  ) {}

  /** Nobody waits for it, and one that cannot be written is left out. */
  note({ vendor, at, tookMs, symbols, failed }: VendorBatch): void {
    if (!this.redis.isUp) return;
    const errors = Object.fromEntries([...failed].map(([id, { code, message }]) => [id, `${code}: ${message}`]));
    const text = JSON.stringify({ vendor, at, tookMs, symbols, errors });
    const key = this.keys.batch(`${vendor}-${this.node}-${(this.count++).toString(36)}`);
    this.redis.commands.set(key, text, 'PX', KEEP_MS).catch(() => undefined);
  }
}
