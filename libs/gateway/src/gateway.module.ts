import { type DynamicModule, Module } from '@nestjs/common';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { RecentUpdates } from '#cache';
import { CLOCK, type Clock, type Credential, LOG, type Log } from '#domain';
import { Hub } from '#subscription';
import { HealthController } from './health/health.controller.js';
import {
  CredentialsIndicator,
  DrainIndicator,
  ProcessIndicator,
  type ProcessLimits,
  VendorsIndicator,
} from './health/indicators.js';
import { RawWsDoor } from './raw-ws/raw-ws.door.js';
import { MetricsController, METRICS_TEXT, type MetricsText } from './rest/metrics.controller.js';
import { CacheController } from './rest/v1/cache.controller.js';
import { QuotesController } from './rest/v1/quotes.controller.js';
import { SubscriptionsController } from './rest/v1/subscriptions.controller.js';
import { SymbolsController } from './rest/v1/symbols.controller.js';
import { ValidationController } from './rest/v1/validation.controller.js';
import { Sessions, type SessionOptions } from './session/sessions.js';
import { QuotesGateway } from './socket-io/quotes.gateway.js';

export interface GatewayModuleOptions {
  readonly sessions: SessionOptions;
  readonly process: ProcessLimits;
  readonly metrics: MetricsText;
  /** Access tokens in use, for the health check. */
  readonly credentials: readonly Credential[];
  /** Whether a browser page of this origin may connect; undefined is a client that is no browser. */
  readonly allowsOrigin: (origin: string | undefined) => boolean;
}

/** The doors: Socket.IO, plain WebSocket, REST, health and metrics. */
@Module({})
export class GatewayModule {
  static register(options: GatewayModuleOptions): DynamicModule {
    return {
      module: GatewayModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [
        QuotesController,
        SymbolsController,
        SubscriptionsController,
        CacheController,
        ValidationController,
        HealthController,
        MetricsController,
      ],
      providers: [
        {
          provide: Sessions,
          inject: [Hub, CLOCK, LOG],
          useFactory: (hub: Hub, clock: Clock, log: Log) => new Sessions(hub, options.sessions, clock, log),
        },
        QuotesGateway,
        {
          provide: RawWsDoor,
          inject: [Sessions, RecentUpdates, CLOCK],
          useFactory: (sessions: Sessions, recent: RecentUpdates, clock: Clock) =>
            new RawWsDoor(sessions, recent, clock, options.allowsOrigin),
        },
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
        { provide: METRICS_TEXT, useValue: options.metrics },
      ],
      exports: [Sessions, RawWsDoor],
    };
  }
}
