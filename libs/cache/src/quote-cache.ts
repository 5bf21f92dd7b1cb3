import { type Cache, createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import type { ErrorCode, InstrumentId, Quote } from '#domain';

/** What the read path remembers of an instrument: a quote fetched for a reader, or that there was none. */
export type CachedAnswer =
  | { readonly kind: 'quote'; readonly quote: Quote; readonly at: number }
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly message: string; readonly at: number };

export interface QuoteCacheOptions {
  readonly keyPrefix: string;
  readonly quoteTtlMs: number;
  /** Failures are remembered briefly, so that a wrong symbol does not become a call per request. */
  readonly failureTtlMs: number;
}

/**
 * The read path's tiers, by cache-manager: memory first, and what `tiers` adds behind it. Ticks never touch it: a look-up costs
 * about 100 microseconds.
 */
export class QuoteCache {
  private readonly cache: Cache;

  /** @param tiers further stores behind memory, fastest first; none in a process on its own */
  constructor(
    private readonly options: QuoteCacheOptions,
    tiers: readonly Keyv[] = [],
  ) {
    const memory = new Keyv({ ttl: options.quoteTtlMs });
    this.cache = createCache({ stores: [memory, ...tiers] });
  }

  async get(id: InstrumentId): Promise<CachedAnswer | undefined> {
    return (await this.cache.get<CachedAnswer>(this.key(id))) ?? undefined;
  }

  async set(id: InstrumentId, answer: CachedAnswer): Promise<void> {
    const { quoteTtlMs, failureTtlMs } = this.options;
    await this.cache.set(this.key(id), answer, answer.kind === 'quote' ? quoteTtlMs : failureTtlMs);
  }

  private key(id: InstrumentId): string {
    return `${this.options.keyPrefix}stock:quote:${id}`;
  }
}
