import { LastValueStore, QuoteCache, QuoteReader, RedisMirror, type QuoteState, type ValueSource } from '#cache';
import {
  Epoch,
  type Instrument,
  InstrumentMaster,
  type Log,
  type MarketDataError,
  readEnv,
  silentLog,
  SourceFailedError,
  systemClock,
  tick,
  type TickInput,
} from '#domain';
import { RedisConfig, RedisConnection } from '#redis';
import { anInstrument } from './instruments.js';

/** Vendors as a test wants them: each read is noted and answered with `price`, or with an error while that is undefined. */
export class FakeVendors implements ValueSource {
  readonly asked: string[] = [];
  price: number | undefined = 100;
  /** Symbols whose prices an operator holds back. */
  readonly held = new Set<string>();

  constructor(private readonly lastValues: LastValueStore) {}

  isCurrent(): boolean {
    return false;
  }

  doubts({ instrument }: QuoteState): boolean {
    return this.held.has(instrument.id);
  }

  statusOf(): 'live' {
    return 'live';
  }

  requested(): void {
    return undefined;
  }

  async refresh({ instrument }: QuoteState): Promise<MarketDataError | undefined> {
    this.asked.push(instrument.id);
    if (this.price === undefined) return new SourceFailedError('fake', 'no answer');
    this.lastValues.apply(
      tick({ instrument: instrument.id, vendor: 'fake', receivedAt: systemClock.now(), price: this.price }),
    );
    return undefined;
  }
}

/** One process' caches over a real Redis, with vendors of the test's own. */
export class CacheNode {
  readonly lastValues: LastValueStore;
  readonly cache: QuoteCache;
  readonly vendors: FakeVendors;
  readonly reader: QuoteReader;
  readonly mirror: RedisMirror;
  readonly redis: RedisConnection;

  /** @param env where Redis is */
  constructor(
    instruments: readonly Instrument[],
    env: Readonly<Record<string, string>>,
    {
      log = silentLog,
      keyPrefix = '',
      mirrorMs = 20,
      freshMs = 2000,
      l2TimeoutMs = 50,
      failureTtlMs = 2000,
    }: CacheNodeOptions = {},
  ) {
    const master = new InstrumentMaster(instruments);
    this.redis = new RedisConnection(readEnv(RedisConfig, env), systemClock, log);
    this.lastValues = new LastValueStore(master, new Epoch('test'));
    const limits = { keyPrefix, l1TtlMs: 2000, l2TtlMs: 300_000, l2TimeoutMs, failureTtlMs };
    this.cache = new QuoteCache(limits, systemClock, this.redis);
    this.vendors = new FakeVendors(this.lastValues);
    this.reader = new QuoteReader(this.lastValues, this.cache, this.vendors, systemClock, freshMs);
    const pace = { everyMs: mirrorMs, ttlMs: 300_000 };
    this.mirror = new RedisMirror(this.lastValues, this.cache.keys, systemClock, log, pace, this.redis);
  }

  /** A price on the tick path: merged, published, noted for the mirror. */
  tick(input: Omit<TickInput, 'vendor' | 'receivedAt'> & Partial<TickInput>): void {
    const full = tick({ vendor: 'fake', receivedAt: systemClock.now(), ...input });
    this.lastValues.apply(full);
    this.mirror.note(this.lastValues.advance([this.lastValues.peek(full.instrument)!]));
  }

  close(): void {
    void this.mirror.stop();
    this.redis.close();
  }
}

export interface CacheNodeOptions {
  readonly log?: Log;
  readonly keyPrefix?: string;
  readonly mirrorMs?: number;
  readonly freshMs?: number;
  readonly l2TimeoutMs?: number;
  readonly failureTtlMs?: number;
}

/** Instruments `NSE:C0`, `NSE:C1`, ... */
export function someInstruments(count: number): Instrument[] {
  return Array.from({ length: count }, (_, i) =>
    anInstrument({ id: `NSE:C${i}`, name: `Cached Instrument ${i} Limited` }),
  );
}
