import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { CacheModule } from '#cache';
import { CompressionModule } from '#compression';
import type { Credential, HealthSource } from '#domain';
import { type Carrier, FetcherModule } from '#fetcher';
import { GatewayModule } from '#gateway';
import { SubscriptionModule } from '#subscription';
import type { EventLoopLag, PromMeter } from '#telemetry';
import type { ServerConfig } from './config.js';
import { type Core, CoreModule } from './core.module.js';
import { Jobs } from './jobs.js';
import { originCheck } from './origins.js';
import type { Security } from './security.js';
import type { SecurityConfig } from './security.config.js';

export interface ServerParts extends Core {
  readonly config: ServerConfig;
  readonly securityConfig: SecurityConfig;
  readonly security: Security;
  readonly carriers: readonly Carrier[];
  readonly credentials: readonly Credential[];
  /** Parts that tell their own health. */
  readonly health: readonly HealthSource[];
  /** Whether an exchange trades now. */
  readonly isTrading: (exchange: string) => boolean;
  readonly meter: PromMeter;
  readonly lag: EventLoopLag;
}

/** A REST read trusts memory this long without asking anybody, ms: the TTL of the first cache tier. */
const READ_FRESH_MS = 2000;
/** What a REST reader waits for one vendor, ms. */
const PATIENCE_MS = 1500;
const FAILURE_TTL_MS = 2000;
/** Outside trading hours one refresh a minute is enough, and as much as BSE likes to see. */
const CLOSED_REFRESH_MS = 60_000;
/** Vendors' clocks may be this far ahead of ours, ms. */
const MAX_AHEAD_MS = 5000;

/** Hands each module its part of the configuration. */
@Module({})
export class ServerModule {
  static register(parts: ServerParts): DynamicModule {
    const { config, securityConfig, security, carriers, credentials, health, meter, lag, isTrading } = parts;
    return {
      module: ServerModule,
      imports: [
        ScheduleModule.forRoot(),
        CoreModule.register(parts),
        CompressionModule.register(),
        CacheModule.register({
          keyPrefix: config.keyPrefix,
          quoteTtlMs: READ_FRESH_MS,
          failureTtlMs: FAILURE_TTL_MS,
          recentCapacity: config.recentCapacity,
          recentTtlMs: config.recentTtlMs,
          replay: { keepMs: config.replayMs, maxBytes: config.replayMaxBytes },
        }),
        SubscriptionModule.register({
          conflationMs: config.conflationMs,
          maxSymbolsPerClient: config.maxSymbolsPerClient,
          heartbeatIntervalMs: config.heartbeatMs,
          idleTimeoutMs: config.idleTimeoutMs,
          backpressure: {
            probeIntervalMs: config.probeMs,
            slowAfterMs: config.slowAfterMs,
            slowDisconnectMs: config.slowDisconnectMs,
            outboxMaxBytes: config.outboxMaxBytes,
          },
        }),
        FetcherModule.register({
          carriers,
          demand: { hotFrom: config.hotFrom, watchMs: config.watchMs },
          essential: config.essential,
          check: { band: config.maxMove, maxAheadMs: MAX_AHEAD_MS },
          critical: config.validationCritical,
          crossChecksPerMinute: config.crossCheckPerMinute,
          refresh: {
            intervals: {
              hot: config.refreshHotMs,
              normal: config.refreshNormalMs,
              watched: config.refreshWatchedMs,
            },
            closedIntervalMs: CLOSED_REFRESH_MS,
            isTrading,
          },
          freshness: {
            staleAfterMs: config.staleAfterMs,
            // three refreshes may fail before a quote that must be asked for is called delayed
            liveForMs: Math.max(config.staleAfterMs, 3 * config.refreshNormalMs),
            isTrading,
          },
          activeSymbolsMs: config.activeSymbolsMs,
          readFreshMs: READ_FRESH_MS,
          patienceMs: PATIENCE_MS,
        }),
        GatewayModule.register({
          sessions: {
            maxConnections: config.maxConnections,
            maxMessageBytes: config.maxMessageBytes,
          },
          process: {
            maxEventLoopLagMs: config.maxEventLoopLagMs,
            maxRssBytes: config.maxRssBytes,
            lag: () => lag.p99Ms(),
          },
          metrics: meter,
          credentials,
          health,
          allowsOrigin: originCheck(config.allowedOrigins),
          authTimeoutMs: securityConfig.authTimeoutMs,
          authenticator: security.authenticator,
          trustedProxies: securityConfig.trustProxy,
          access: security.access,
        }),
      ],
      providers: [Jobs],
      exports: [Jobs],
    };
  }
}
