import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerStorage } from '@nestjs/throttler';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import type { Authenticator } from '#auth';
import { LastValueStore, QuoteReader, RecentUpdates } from '#cache';
import {
  CLOCK,
  type Clock,
  type Credential,
  ExchangeCalendar,
  type HealthSource,
  LOG,
  type Log,
  type ReplayControl,
} from '#domain';
import { CandleRepository } from '#history';
import { Hub } from '#subscription';
import { AccessGuard } from './access/access.guard.js';
import type { AccessRules } from './access/access.js';
import { Callers } from './access/caller.js';
import { throttling, ThrottleGuard } from './access/throttle.guard.js';
import { HealthController } from './health/health.controller.js';
import {
  CredentialsIndicator,
  DrainIndicator,
  PartsIndicator,
  ProcessIndicator,
  type ProcessLimits,
  VendorsIndicator,
} from './health/indicators.js';
import { RawWsDoor, type RawWsOptions } from './raw-ws/raw-ws.door.js';
import { RequestTimes } from './rest/performance/request-times.js';
import { RepresentationInterceptor } from './rest/representation.interceptor.js';
import { UdfController } from './rest/udf/udf.controller.js';
import { CandleReader } from './rest/v1/candle-reader.js';
import { MarketController } from './rest/v1/market.controller.js';
import { TickReader } from './rest/v1/tick-reader.js';
import { TicksController } from './rest/v1/ticks.controller.js';
import { MetricsController, METRICS_TEXT, type MetricsText } from './rest/metrics.controller.js';
import { CacheController } from './rest/v1/cache.controller.js';
import { CandlesController } from './rest/v1/candles.controller.js';
import { ClientsController } from './rest/v1/clients.controller.js';
import { ControlController } from './rest/v1/control.controller.js';
import { DepthController } from './rest/v1/depth.controller.js';
import { FleetController } from './rest/v1/fleet.controller.js';
import { LongPolls } from './rest/v1/long-polls.js';
import { NoticesController } from './rest/v1/notices.controller.js';
import { PerformanceController } from './rest/v1/performance.controller.js';
import { QuotesController } from './rest/v1/quotes.controller.js';
import { QueryController } from './rest/v1/query.controller.js';
import { REPLAY_CONTROL, ReplayController } from './rest/v1/replay.controller.js';
import { StreamController } from './rest/v1/stream.controller.js';
import { SubscriptionsController } from './rest/v1/subscriptions.controller.js';
import { SymbolsController } from './rest/v1/symbols.controller.js';
import { ValidationController } from './rest/v1/validation.controller.js';
import { CandlesControllerV2 } from './rest/v2/candles.controller.js';
import { QuotesControllerV2 } from './rest/v2/quotes.controller.js';
import { SymbolsControllerV2 } from './rest/v2/symbols.controller.js';
import { TicksControllerV2 } from './rest/v2/ticks.controller.js';
import { Sessions, type SessionOptions } from './session/sessions.js';
import { NodeBus } from './socket-io/node-bus.js';
import { QuotesGateway } from './socket-io/quotes.gateway.js';

export interface GatewayModuleOptions extends RawWsOptions {
  readonly sessions: SessionOptions;
  readonly process: ProcessLimits;
  readonly metrics: MetricsText;
  /** Access tokens in use, for the health check. */
  readonly credentials: readonly Credential[];
  /** Parts of the server that tell their own health. */
  readonly health: readonly HealthSource[];
  readonly authenticator: Authenticator;
  /** Proxies of our own in front of the server, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: number;
  readonly access: AccessRules;
  /** Whether clients may be on other nodes too, which Socket.IO's adapter then reaches. */
  readonly isFleet?: boolean;
  /** The recorded day that runs in place of vendors, where one does. */
  readonly replay?: ReplayControl | undefined;
  /** Where REST requests are counted; this process's memory when absent. */
  readonly requestCounts?: ThrottlerStorage;
}

/** The doors: Socket.IO, plain WebSocket, REST, health and metrics. */
@Module({})
export class GatewayModule {
  static register(options: GatewayModuleOptions): DynamicModule {
    const callers = new Callers(options.authenticator, options.trustedProxies);
    return {
      module: GatewayModule,
      imports: [TerminusModule.forRoot({ logger: false }), ThrottlerModule.forRoot(throttling(options.requestCounts))],
      controllers: [
        QuotesController,
        StreamController,
        SymbolsController,
        SubscriptionsController,
        CacheController,
        CandlesController,
        TicksController,
        MarketController,
        UdfController,
        ClientsController,
        ControlController,
        DepthController,
        NoticesController,
        PerformanceController,
        QueryController,
        ReplayController,
        QuotesControllerV2,
        CandlesControllerV2,
        TicksControllerV2,
        SymbolsControllerV2,
        ValidationController,
        FleetController,
        HealthController,
        MetricsController,
      ],
      providers: [
        {
          provide: Sessions,
          inject: [Hub, CLOCK, LOG],
          useFactory: (hub: Hub, clock: Clock, log: Log) => new Sessions(hub, callers, options.sessions, clock, log),
        },
        {
          provide: LongPolls,
          inject: [Sessions, Hub, CLOCK],
          useFactory: (sessions: Sessions, hub: Hub, clock: Clock) => new LongPolls(sessions, hub, clock),
        },
        {
          provide: NodeBus,
          inject: [Sessions, LOG],
          useFactory: (sessions: Sessions, log: Log) => new NodeBus(sessions, options.isFleet === true, log),
        },
        QuotesGateway,
        {
          provide: RawWsDoor,
          inject: [Sessions, RecentUpdates, CLOCK],
          useFactory: (sessions: Sessions, recent: RecentUpdates, clock: Clock) =>
            new RawWsDoor(sessions, recent, clock, options),
        },
        TickReader,
        {
          provide: CandleReader,
          inject: [
            { token: CandleRepository, optional: true },
            ExchangeCalendar,
            LastValueStore,
            QuoteReader,
            Hub,
            CLOCK,
          ],
          useFactory: (...parts: ConstructorParameters<typeof CandleReader>) => new CandleReader(...parts),
        },
        { provide: RequestTimes, inject: [CLOCK], useFactory: (clock: Clock) => new RequestTimes(clock) },
        VendorsIndicator,
        DrainIndicator,
        {
          provide: ProcessIndicator,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService) => new ProcessIndicator(indicators, options.process),
        },
        {
          provide: CredentialsIndicator,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService) => new CredentialsIndicator(indicators, options.credentials),
        },
        {
          provide: PartsIndicator,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService) => new PartsIndicator(indicators, options.health),
        },
        { provide: REPLAY_CONTROL, useValue: options.replay },
        { provide: METRICS_TEXT, useValue: options.metrics },
        {
          provide: APP_GUARD,
          inject: [Reflector],
          useFactory: (reflector: Reflector) => new AccessGuard(reflector, callers, options.access),
        },
        // requests are counted by who sent them, so it comes after
        { provide: APP_GUARD, useClass: ThrottleGuard },
        { provide: APP_INTERCEPTOR, useClass: RepresentationInterceptor },
      ],
      exports: [Sessions, RequestTimes, RawWsDoor],
    };
  }
}
