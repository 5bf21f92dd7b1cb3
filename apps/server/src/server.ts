import 'reflect-metadata';
import type { Server as HttpServer } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ValidationPipe, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import {
  CacheConfig,
  LastValueStore,
  PerformanceLog,
  QuoteReader,
  RecentUpdates,
  RedisMirror,
  ReplayBuffer,
  Warming,
} from '#cache';
import { Epoch, InvalidMessageError, type Log, readEnv, type ReplayControl, systemClock } from '#domain';
import { ActiveSymbolsJob, Arrivals, Demand, FeedSupervisor, Freshness, Pauses, QuotePipeline } from '#fetcher';
import {
  EXPOSED_HEADERS,
  LeanIoAdapter,
  ProblemFilter,
  QuickQuotes,
  RawWsDoor,
  redisAdapter,
  RequestTimes,
  Sessions,
} from '#gateway';
import { createHistory, HistoryConfig, QueryConfig } from '#history';
import { describe } from '#protocol';
import { hasRedis, RedisConfig, RedisConnection } from '#redis';
import { Conflator, Hub } from '#subscription';
import { EventLoopLag, NestLogger, pinoLog, PromMeter } from '#telemetry';
import { createVendors } from '#vendors';
import { forgetTogether, keepCounts, restoreValues, wireCache } from './cache-wiring.js';
import { watchCalendar } from './calendar-health.js';
import { ServerConfig } from './config.js';
import { docsGuard } from './docs-guard.js';
import { atMost, Ends } from './ends.js';
import { joinFleet, wireFleet } from './fleet-wiring.js';
import { loadCalendar, loadCloses, loadInstruments, loadSymbols } from './instruments.js';
import { Jobs } from './jobs.js';
import { serveDocs } from './openapi.js';
import { originCheck } from './origins.js';
import { inOrder, openOutside, ownVendors } from './outside-wiring.js';
import { checkRedis } from './redis-check.js';
import { recordings, replayOf, wireReplay } from './replay-wiring.js';
import { secureHeaders, standingHeaders } from './secure-headers.js';
import { loadSecurity, type Security } from './security.js';
import { SecurityConfig } from './security.config.js';
import { exportMetrics } from './server-metrics.js';
import { ServerModule } from './server.module.js';
import { followTls, loadTls } from './tls.js';
import { wireUpdates } from './update-wiring.js';
import { checkFreshness, type Parts, wire, wireAlone } from './wiring.js';

/** How long connections may take to end once they were told to, ms. */
const CLOSE_WITHIN_MS = 2000;
const LOOPBACK = /^(localhost|127\.|::1$)/;

/** A server that is running. */
export interface RunningServer {
  readonly url: string;
  readonly app: NestExpressApplication;
  /** Announces the shutdown, gives clients the grace period, ends their connections and stops. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Builds and starts the server from an environment.
 * @throws ConfigError naming every setting that is wrong
 */
export async function startServer(env: Readonly<Record<string, string | undefined>>): Promise<RunningServer> {
  const ends = new Ends();
  try {
    return await start(env, ends);
  } catch (error) {
    // a start that fails leaves nothing running; what could not begin may not be able to end
    await ends.run(() => undefined, CLOSE_WITHIN_MS);
    throw error;
  }
}

/** @param ends gets what has to be ended, as it begins */
async function start(env: Readonly<Record<string, string | undefined>>, ends: Ends): Promise<RunningServer> {
  const config = readEnv(ServerConfig, env);
  const clock = systemClock;
  const log = pinoLog(config.logLevel);
  const meter = new PromMeter();
  const lag = new EventLoopLag();
  const securityConfig = readEnv(SecurityConfig, env);
  const redisConfig = readEnv(RedisConfig, env);
  const cacheConfig = readEnv(CacheConfig, env);
  const limits = { symbolsPerConnection: config.maxSymbolsPerClient, messagesPerSecond: config.messagesPerSecond };
  const security = await loadSecurity(securityConfig, limits, clock, log);
  const tls = await loadTls(securityConfig);
  const master = await loadInstruments(config.instruments, log);
  const closes = await loadCloses(config.bseBhavcopy, master, clock.now(), log);
  const symbols = await loadSymbols(config.symbolFiles, master, log);
  const calendar = await loadCalendar(config.holidays, config.marketHours === 'always', log);
  let replay: ReplayControl | undefined;
  // a recorded day has hours of its own: it is over when all has been told
  const isTrading = (exchange: string): boolean =>
    replay === undefined ? calendar.isOpen(exchange, clock.now()) : replay.progress().state !== 'ended';
  const isContinuous = (exchange: string): boolean => calendar.isContinuous(exchange, clock.now());
  const redis = hasRedis(redisConfig) ? new RedisConnection(redisConfig, clock, log) : undefined;
  ends.begun(() => redis?.close());
  // a node that never talks to vendors has nothing to write down
  const history = createHistory(readEnv(HistoryConfig, env), redisConfig.role !== 'edge', clock, log, meter);
  ends.begun(() => history?.close());
  const fleet = joinFleet(env, redisConfig, redis, config.keyPrefix, clock, log);
  const tools = {
    clock,
    random: Math.random,
    log,
    meter,
    isTrading: isContinuous,
    turn: fleet?.turn,
    recordings: recordings(() => history?.engine, clock, calendar),
  };
  const outside = fleet && openOutside(env, config.keyPrefix, fleet, master, clock, log, meter);
  // a node that never talks to vendors needs none of their settings
  const isEdge = redisConfig.role === 'edge';
  const vendors = createVendors(isEdge ? [] : ownVendors(config.vendors, fleet !== undefined), env, tools, symbols);
  const carriers = isEdge ? [] : inOrder(config.vendors, vendors, outside?.feed);
  replay = replayOf(vendors);
  const credentials = vendors.flatMap((vendor) => vendor.credentials ?? []);
  const epoch = new Epoch(randomBytes(6).toString('base64url'));

  const warming = new Warming(config.essential, cacheConfig.warmTimeoutMs, clock, log);

  const module = ServerModule.register({
    config,
    cacheConfig,
    securityConfig,
    security,
    clock,
    log,
    meter,
    lag,
    master,
    calendar,
    history,
    queryConfig: readEnv(QueryConfig, env),
    carriers,
    credentials,
    health: [
      ...(config.essential.length > 0 ? [warming] : []),
      ...(fleet === undefined ? [] : [fleet.redis, fleet.health]),
      ...(history ? [history.health] : []),
      ...(config.marketHours === 'always' ? [] : [watchCalendar(calendar, master, clock, log)]),
    ],
    fleet,
    replay,
    epoch,
    isTrading,
  });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: new NestLogger(log),
    ...(tls && { httpsOptions: tls }),
  });
  ends.begun(
    () => closeApp(app),
    () => app.get(PerformanceLog).flush(),
  );
  const filter = new ProblemFilter(log);
  configureHttp(app, config, securityConfig, security, filter, redis);

  const parts = partsOf(app);
  ends.begun(
    () => lag.stop(),
    () => credentials.forEach((credential) => credential.stop()),
    () => parts.hub.stop(),
    () => parts.conflator.stop(),
    () => atMost(CLOSE_WITHIN_MS, () => parts.supervisor.stop()),
  );
  exportMetrics(meter, parts.hub, parts.conflator, app.get(Sessions), app.get(QuoteReader));
  lag.start();
  for (const credential of credentials) credential.start();
  if (replay !== undefined) wireReplay(replay, parts, log);
  if (fleet === undefined) wireAlone(parts);
  wire(parts);
  app.get(Pauses).onChange(() => checkFreshness(parts));
  const doors = outside?.wire(app);
  const updates = fleet && wireUpdates(parts, app.get(Arrivals), fleet, config, clock, log);
  const node = fleet && updates && wireFleet(parts, fleet, updates, master, clock, log);
  ends.begun(
    () => node?.leave(),
    () => doors?.stop(),
  );
  if (redis !== undefined && (await checkRedis(redis, log))) await restoreValues(app, parts, master, log);
  // what Redis has kept is newer than the last day's close
  for (const close of closes) if (!parts.lastValues.peek(close.instrument)?.known) parts.pipeline.tick(close);
  // a day that is told again is in history already
  if (history !== undefined && replay === undefined) parts.pipeline.record(history.writer);
  if (fleet !== undefined) forgetTogether(app, parts, fleet, log);
  keepCounts(app, redis);
  await app.init();
  // behind all routes: what nobody has taken
  app.use((request: Request, response: Response) => filter.notFound(request, response));
  await app.listen(config.port, config.host);
  const http = app.getHttpServer() as HttpServer | TlsServer;
  app.get(RawWsDoor).attach(http);
  quickQuotes(app, parts, tls !== undefined).attach(http);
  app.get(Jobs).start(() => checkFreshness(parts));
  ends.begun(
    () => app.get(Jobs).stop(),
    () => drain(app, config, parts, log),
  );
  doors?.start();
  node?.start();
  // another node takes over while our clients are still being served
  ends.begun(() => node?.yield());
  wireCache(app, () => fleet?.ownership.mayIngest ?? true);
  // only the owner writes last values
  ends.begun(() => parts.mirror.stop());
  void warming.run(app.get(QuoteReader));

  const { port } = http.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`;
  log.info(
    {
      url,
      vendors: config.vendors,
      instruments: master.size,
      epoch: epoch.name,
      history: history?.engine.kind ?? 'off',
    },
    'server started',
  );
  warnOfOpenDoors(config, securityConfig, log);
  security.start();
  const stopFollowing = tls && followTls(securityConfig, tls, http as TlsServer, clock, log);
  ends.begun(
    () => security.stop(),
    () => stopFollowing?.(),
  );

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await ends.run((error) => log.error({ error: String(error) }, 'a part of the server did not end well'));
    log.info({}, 'server stopped');
  };
  return { url, app, stop: () => (stopping ??= stop()) };
}

/** Tells clients that the server ends, gives them time to go, and ends their connections. */
async function drain(
  app: NestExpressApplication,
  { drainGraceMs, drainSpreadMs }: ServerConfig,
  { hub: { clients } }: Parts,
  log: Log,
): Promise<void> {
  log.info({ clients: clients.size, graceMs: drainGraceMs }, 'draining');
  const sessions = app.get(Sessions);
  sessions.announceDrain(drainSpreadMs, Math.random);
  if (clients.size > 0) await sleep(drainGraceMs);
  sessions.closeAll();
}

/** A peer that does not close its side, or a request that does not end, holds nobody up. */
async function closeApp(app: NestExpressApplication): Promise<void> {
  const http = app.getHttpServer() as HttpServer | TlsServer;
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), CLOSE_WITHIN_MS);
  await atMost(2 * CLOSE_WITHIN_MS, () => app.close()).finally(() => clearTimeout(cut));
}

/** Quotes are often licensed for one's own eyes only, so a server that gives them to everybody says so. */
function warnOfOpenDoors({ host }: ServerConfig, { auth }: SecurityConfig, log: Log): void {
  if (auth !== 'off' || LOOPBACK.test(host)) return;
  log.warn({ host }, 'everybody who reaches this address reads all quotes: set AUTH=required, or HOST=127.0.0.1');
}

function configureHttp(
  app: NestExpressApplication,
  config: ServerConfig,
  securityConfig: SecurityConfig,
  { access }: Security,
  filter: ProblemFilter,
  redis: RedisConnection | undefined,
): void {
  const allowsOrigin = originCheck(config.allowedOrigins);
  const origin = (given: string | undefined, done: (error: null, allowed: boolean) => void): void =>
    done(null, allowsOrigin(given));
  app.useWebSocketAdapter(
    new LeanIoAdapter(app, {
      // per-message compression costs 2.5 times the CPU and 230 KiB a connection
      perMessageDeflate: false,
      httpCompression: false,
      serveClient: false,
      maxHttpBufferSize: config.maxMessageBytes * 4,
      pingInterval: config.heartbeatMs,
      cors: { origin },
      connectTimeout: securityConfig.authTimeoutMs,
      allowRequest: (request, done) => done(null, allowsOrigin(request.headers.origin)),
      ...(redis && { adapter: redisAdapter(redis, config.keyPrefix) }),
    }),
  );
  // a path in another case would be answered without what is told by its path: the formats, the problems
  // as Express' setting would do it, which comes too late: Nest has begun the router
  const { router } = app.getHttpAdapter().getInstance() as unknown as { router: { caseSensitive: boolean } };
  router.caseSensitive = true;
  app.use(app.get(RequestTimes).watch);
  app.use(secureHeaders(securityConfig.tlsCertFile !== undefined));
  app.enableCors({ origin, exposedHeaders: [...EXPOSED_HEADERS] });
  app.disable('x-powered-by');
  app.setGlobalPrefix('api', { exclude: ['health', 'health/{*path}', 'metrics', 'udf/{*path}'] });
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      exceptionFactory: (errors) => new InvalidMessageError(describe(errors)),
    }),
  );
  app.useGlobalFilters(filter);
  if (access.docs === 'token') app.use('/docs', docsGuard(app.get(Sessions).callers, filter));
  if (access.docs !== 'off') serveDocs(app);
}

function quickQuotes(app: NestExpressApplication, { lastValues }: Parts, isTls: boolean): QuickQuotes {
  const standing = standingHeaders(secureHeaders(isTls));
  const { callers } = app.get(Sessions);
  return new QuickQuotes(lastValues, app.get(QuoteReader), callers, app.get(RequestTimes), systemClock, standing);
}

function partsOf(app: NestExpressApplication): Parts {
  return {
    supervisor: app.get(FeedSupervisor),
    pipeline: app.get(QuotePipeline),
    conflator: app.get(Conflator),
    lastValues: app.get(LastValueStore),
    hub: app.get(Hub),
    recent: app.get(RecentUpdates),
    replay: app.get(ReplayBuffer),
    mirror: app.get(RedisMirror),
    demand: app.get(Demand),
    job: app.get(ActiveSymbolsJob),
    freshness: app.get(Freshness),
  };
}
