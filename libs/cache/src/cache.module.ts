import { type DynamicModule, Module } from '@nestjs/common';
import { CLOCK, type Clock, Epoch, InstrumentMaster, LOG, type Log } from '#domain';
import type { RedisConnection } from '#redis';
import { LastValueStore } from './last-value.store.js';
import { PerformanceLog } from './performance-log.js';
import { QuoteCache, type QuoteCacheOptions } from './quote-cache.js';
import { RecentUpdates } from './recent-updates.js';
import { RedisMirror } from './redis-mirror.js';
import { ReplayBuffer, type ReplayLimits } from './replay-buffer.js';

export interface CacheModuleOptions extends QuoteCacheOptions {
  readonly recentCapacity: number;
  readonly recentTtlMs: number;
  /** What is kept for clients that return. */
  readonly replay: ReplayLimits;
  /** Last values are written to Redis at most this often each, ms; 0 for never. */
  readonly mirrorMs: number;
  /** Where values are shared; undefined in a process on its own. */
  readonly redis: RedisConnection | undefined;
}

/** Last values, recent updates, and the read path's tiers. */
@Module({})
export class CacheModule {
  static register(options: CacheModuleOptions): DynamicModule {
    const { redis } = options;
    const providers = [
      {
        provide: LastValueStore,
        inject: [InstrumentMaster, Epoch],
        useFactory: (master: InstrumentMaster, epoch: Epoch) => new LastValueStore(master, epoch),
      },
      {
        provide: RecentUpdates,
        inject: [CLOCK],
        useFactory: (clock: Clock) => new RecentUpdates(clock, options.recentCapacity, options.recentTtlMs),
      },
      {
        provide: ReplayBuffer,
        inject: [CLOCK],
        useFactory: (clock: Clock) => new ReplayBuffer(clock, options.replay),
      },
      {
        provide: QuoteCache,
        inject: [CLOCK],
        useFactory: (clock: Clock) => new QuoteCache(options, clock, redis),
      },
      {
        provide: RedisMirror,
        inject: [LastValueStore, QuoteCache, CLOCK, LOG],
        useFactory: (lastValues: LastValueStore, { keys }: QuoteCache, clock: Clock, log: Log) => {
          const limits = { everyMs: options.mirrorMs, ttlMs: options.l2TtlMs };
          return new RedisMirror(lastValues, keys, clock, log, limits, redis);
        },
      },
      {
        provide: PerformanceLog,
        inject: [QuoteCache, CLOCK, LOG],
        useFactory: ({ keys }: QuoteCache, clock: Clock, log: Log) => new PerformanceLog(keys, clock, log, redis),
      },
    ];
    return { module: CacheModule, global: true, providers, exports: providers };
  }
}
