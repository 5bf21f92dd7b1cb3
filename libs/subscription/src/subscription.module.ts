import { type DynamicModule, Module } from '@nestjs/common';
import { LastValueStore, ReplayBuffer } from '#cache';
import { Encodings } from '#compression';
import { CLOCK, type Clock, METER, type Meter } from '#domain';
import { Conflator } from './conflator.js';
import { Hub, type HubOptions } from './hub.js';

export interface SubscriptionModuleOptions extends HubOptions {
  readonly conflationMs: number;
}

/** Who wants what, and the way of a window's changes to them. */
@Module({})
export class SubscriptionModule {
  static register(options: SubscriptionModuleOptions): DynamicModule {
    const providers = [
      {
        provide: Conflator,
        inject: [CLOCK, METER],
        useFactory: (clock: Clock, meter: Meter) => new Conflator(clock, options.conflationMs, meter),
      },
      {
        provide: Hub,
        inject: [LastValueStore, ReplayBuffer, Encodings, CLOCK, METER],
        useFactory: (
          lastValues: LastValueStore,
          replay: ReplayBuffer,
          encodings: Encodings,
          clock: Clock,
          meter: Meter,
        ) => new Hub(lastValues, replay, encodings, clock, options, meter),
      },
    ];
    return { module: SubscriptionModule, global: true, providers, exports: providers };
  }
}
