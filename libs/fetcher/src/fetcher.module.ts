import { type DynamicModule, Module } from '@nestjs/common';
import { LastValueStore, QuoteCache, QuoteReader } from '#cache';
import { CLOCK, type Clock, InstrumentMaster, LOG, type Log, METER, type Meter } from '#domain';
import { Conflator, Hub } from '#subscription';
import { ActiveSymbolsJob, type RefreshOptions } from './active-symbols.job.js';
import { Arrivals } from './arrivals.js';
import { Control } from './control.js';
import { Demand, type DemandOptions } from './demand.js';
import type { Carrier } from './distribution.js';
import { FeedSupervisor } from './feed-supervisor.js';
import { Freshness, type FreshnessOptions } from './freshness.js';
import { Pauses } from './pauses.js';
import { QuotePipeline } from './quote-pipeline.js';
import { Refresher } from './refresher.js';
import { Accuracy } from './validation/accuracy.js';
import type { CheckLimits } from './validation/check-tick.js';
import { CrossCheckJob } from './validation/cross-check.job.js';
import { DeepTier } from './validation/deep-tier.js';
import { Rejections } from './validation/rejections.js';
import { Validation } from './validation/validation.js';
import { ValidationPolicy } from './validation/validation-policy.js';
import { Watches } from './validation/watches.js';
import { VendorValues } from './vendor-values.js';

export interface FetcherModuleOptions {
  /** Feeds and sources, in the user's order of preference. */
  readonly carriers: readonly Carrier[];
  readonly demand: DemandOptions;
  /** Instruments kept current whether anybody asks or not. */
  readonly essential: readonly string[];
  readonly check: CheckLimits;
  /** Instruments whose ticks are checked in depth from the start. */
  readonly critical: readonly string[];
  /** Prices compared with a second vendor's, in a minute; 0 for none. */
  readonly crossChecksPerMinute: number;
  readonly refresh: RefreshOptions;
  readonly freshness: FreshnessOptions;
  /** Length of the active-symbol round, ms. */
  readonly activeSymbolsMs: number;
  /** Age up to which a REST read is answered from memory, ms. */
  readonly readFreshMs: number;
  /** How long a REST read waits for one vendor, ms. */
  readonly patienceMs: number;
}

/** Brings prices in: demand, feeds, validation, and the reads that wait for a vendor. */
@Module({})
export class FetcherModule {
  static register(options: FetcherModuleOptions): DynamicModule {
    const providers = [
      {
        provide: Demand,
        inject: [CLOCK, Hub],
        useFactory: (clock: Clock, hub: Hub) =>
          new Demand(clock, options.demand, options.essential, (id) => hub.subscriptions.count(id)),
      },
      {
        provide: FeedSupervisor,
        inject: [InstrumentMaster, LastValueStore, Demand, LOG, CLOCK],
        useFactory: (master: InstrumentMaster, lastValues: LastValueStore, demand: Demand, log: Log, clock: Clock) =>
          new FeedSupervisor(options.carriers, master, lastValues, demand, log, clock),
      },
      { provide: Accuracy, inject: [CLOCK], useFactory: (clock: Clock) => new Accuracy(clock) },
      {
        provide: Rejections,
        inject: [CLOCK, METER, Accuracy],
        useFactory: (clock: Clock, meter: Meter, accuracy: Accuracy) => new Rejections(clock, meter, accuracy),
      },
      {
        provide: Watches,
        inject: [Rejections],
        useFactory: (rejections: Rejections) => new Watches(rejections),
      },
      {
        provide: ValidationPolicy,
        inject: [Demand, Accuracy],
        useFactory: (demand: Demand, accuracy: Accuracy) =>
          new ValidationPolicy(options.critical, (id) => demand.tier(id) === 'hot', accuracy),
      },
      { provide: Pauses, inject: [CLOCK], useFactory: (clock: Clock) => new Pauses(clock) },
      { provide: Arrivals, inject: [CLOCK], useFactory: (clock: Clock) => new Arrivals(clock) },
      {
        provide: QuotePipeline,
        inject: [LastValueStore, Conflator, Rejections, Arrivals, METER, Watches, Pauses],
        useFactory: (
          lastValues: LastValueStore,
          conflator: Conflator,
          rejections: Rejections,
          arrivals: Arrivals,
          meter: Meter,
          watches: Watches,
          pauses: Pauses,
        ) => {
          const deep = new DeepTier(watches, rejections);
          return new QuotePipeline(lastValues, conflator, rejections, arrivals, options.check, meter, deep, pauses);
        },
      },
      {
        provide: Validation,
        inject: [LastValueStore, QuotePipeline, Watches, ValidationPolicy, Accuracy, CLOCK],
        useFactory: (
          lastValues: LastValueStore,
          pipeline: QuotePipeline,
          watches: Watches,
          policy: ValidationPolicy,
          accuracy: Accuracy,
          clock: Clock,
        ) => new Validation(lastValues, pipeline, watches, policy, accuracy, clock),
      },
      {
        provide: CrossCheckJob,
        inject: [LastValueStore, FeedSupervisor, QuotePipeline, Watches, ValidationPolicy, Rejections, CLOCK, METER],
        useFactory: (
          lastValues: LastValueStore,
          supervisor: FeedSupervisor,
          pipeline: QuotePipeline,
          watches: Watches,
          policy: ValidationPolicy,
          rejections: Rejections,
          clock: Clock,
          meter: Meter,
        ) =>
          new CrossCheckJob(lastValues, supervisor, pipeline, watches, policy, rejections, clock, meter, {
            limits: options.check,
            perMinute: options.crossChecksPerMinute,
            isTrading: ({ exchange }) => options.freshness.isTrading(exchange),
          }),
      },
      {
        provide: Refresher,
        inject: [QuotePipeline, CLOCK, METER],
        useFactory: (pipeline: QuotePipeline, clock: Clock, meter: Meter) => new Refresher(pipeline, clock, meter),
      },
      {
        provide: Control,
        inject: [Pauses, InstrumentMaster, FeedSupervisor, Refresher, Demand, CLOCK],
        useFactory: (
          pauses: Pauses,
          master: InstrumentMaster,
          supervisor: FeedSupervisor,
          refresher: Refresher,
          demand: Demand,
          clock: Clock,
        ) => new Control(pauses, master, supervisor, refresher, demand, clock),
      },
      {
        provide: Freshness,
        inject: [FeedSupervisor, CLOCK, Hub, Pauses],
        useFactory: (supervisor: FeedSupervisor, clock: Clock, hub: Hub, pauses: Pauses) =>
          new Freshness(supervisor, clock, options.freshness, (...news) => hub.publishStatus(...news), pauses),
      },
      {
        provide: ActiveSymbolsJob,
        inject: [Demand, FeedSupervisor, Refresher, CLOCK],
        useFactory: (demand: Demand, supervisor: FeedSupervisor, refresher: Refresher, clock: Clock) =>
          new ActiveSymbolsJob(demand, supervisor, refresher, clock, options.refresh, options.activeSymbolsMs),
      },
      {
        provide: QuoteReader,
        inject: [LastValueStore, QuoteCache, FeedSupervisor, Refresher, Arrivals, Demand, Freshness, CLOCK, Pauses],
        useFactory: (
          lastValues: LastValueStore,
          cache: QuoteCache,
          supervisor: FeedSupervisor,
          refresher: Refresher,
          arrivals: Arrivals,
          demand: Demand,
          freshness: Freshness,
          clock: Clock,
          pauses: Pauses,
        ) => {
          const values = new VendorValues(
            supervisor,
            refresher,
            arrivals,
            demand,
            freshness,
            clock,
            options.patienceMs,
            pauses,
          );
          return new QuoteReader(lastValues, cache, values, clock, options.readFreshMs);
        },
      },
    ];
    return { module: FetcherModule, global: true, providers, exports: providers };
  }
}
