import { type DynamicModule, Module } from '@nestjs/common';
import { CLOCK, type Clock, Epoch, InstrumentMaster } from '#domain';
import { LastValueStore } from './last-value.store.js';
import { QuoteCache, type QuoteCacheOptions } from './quote-cache.js';
import { RecentUpdates } from './recent-updates.js';
import { ReplayBuffer, type ReplayLimits } from './replay-buffer.js';

export interface CacheModuleOptions extends QuoteCacheOptions {
  readonly recentCapacity: number;
  readonly recentTtlMs: number;
  /** What is kept for clients that return. */
  readonly replay: ReplayLimits;
}

/** Last values, recent updates, and the read path's tiers. */
@Module({})
export class CacheModule {
  static register(options: CacheModuleOptions): DynamicModule {
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
      { provide: QuoteCache, useFactory: () => new QuoteCache(options) },
    ];
    return { module: CacheModule, global: true, providers, exports: providers };
  }
}
