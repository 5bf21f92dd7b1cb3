import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { type CacheConfig, CacheModule } from '#cache';
import { CompressionModule } from '#compression';
import type { Credential, HealthSource, ReplayControl } from '#domain';
import { type Carrier, FetcherModule } from '#fetcher';
import { type Fleet, FleetModule } from '#fleet';
import { type History, HistoryModule, type QueryConfig } from '#history';
import { GatewayModule, SharedRequestCounts } from '#gateway';
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
  readonly cacheConfig: CacheConfig;
  readonly securityConfig: SecurityConfig;
  readonly security: Security;
  readonly carriers: readonly Carrier[];
  readonly credentials: readonly Credential[];
  /** Parts that tell their own health. */
  readonly health: readonly HealthSource[];
  /** Where this process is a node of one. */
  readonly fleet: Fleet | undefined;
  /** Undefined where it is off. */
  readonly history: History | undefined;
  readonly queryConfig: QueryConfig;
  /** The recorded day that runs in place of vendors, where one does. */
  readonly replay: ReplayControl | undefined;
  /** Whether an exchange trades now. */
  readonly isTrading: (exchange: string) => boolean;
  readonly meter: PromMeter;
  readonly lag: EventLoopLag;
}

/** What a REST reader waits for one vendor, ms. */
const PATIENCE_MS = 1500;
/** Outside trading hours one refresh a minute is enough, and as much as BSE likes to see. */
const CLOSED_REFRESH_MS = 60_000;
/** Vendors' clocks may be this far ahead of ours, ms. */
const MAX_AHEAD_MS = 5000;

/** Hands each module its part of the configuration. */
@Module({})
export class ServerModule {
  static register(parts: ServerParts): DynamicModule {
    const {
      config,
      cacheConfig,
      securityConfig,
      security,
      carriers,
      credentials,
      health,
      fleet,
      meter,
      lag,
      isTrading,
    } = parts;
    return {
      module: ServerModule,
      imports: [
        ScheduleModule.forRoot(),
        CoreModule.register(parts),
        ...(fleet === undefined ? [] : [FleetModule.register(fleet)]),
        HistoryModule.register(parts.history, parts.calendar, parts.queryConfig),
        CompressionModule.register(),
        CacheModule.register({
          keyPrefix: config.keyPrefix,
          ...cacheConfig,
          redis: fleet?.redis,
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
          readFreshMs: cacheConfig.l1TtlMs,
          patienceMs: PATIENCE_MS,
        }),
        GatewayModule.register({
          isFleet: fleet !== undefined,
          replay: parts.replay,
          sessions: {
            servesClients: fleet?.self.role !== 'ingest',
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
          requestCounts: fleet && new SharedRequestCounts(fleet.redis, config.keyPrefix, parts.clock),
        }),
      ],
      providers: [Jobs],
      exports: [Jobs],
    };
  }
}
