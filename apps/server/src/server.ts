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
import helmet from 'helmet';
import { LastValueStore, QuoteReader, RecentUpdates, ReplayBuffer } from '#cache';
import { Epoch, InvalidMessageError, type Log, readEnv, systemClock } from '#domain';
import { ActiveSymbolsJob, Demand, FeedSupervisor, Freshness, QuotePipeline } from '#fetcher';
import { describe, LeanIoAdapter, ProblemFilter, RawWsDoor, Sessions } from '#gateway';
import { Conflator, Hub } from '#subscription';
import { EventLoopLag, NestLogger, pinoLog, PromMeter } from '#telemetry';
import { createVendors } from '#vendors';
import { ServerConfig } from './config.js';
import { docsGuard } from './docs-guard.js';
import { loadCalendar, loadCloses, loadInstruments, loadSymbols } from './instruments.js';
import { Jobs } from './jobs.js';
import { serveDocs } from './openapi.js';
import { originCheck } from './origins.js';
import { loadSecurity, type Security } from './security.js';
import { SecurityConfig } from './security.config.js';
import { exportMetrics } from './server-metrics.js';
import { ServerModule } from './server.module.js';
import { followTls, loadTls } from './tls.js';
import { checkFreshness, type Parts, wire } from './wiring.js';

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
  const config = readEnv(ServerConfig, env);
  const clock = systemClock;
  const log = pinoLog(config.logLevel);
  const meter = new PromMeter();
  const lag = new EventLoopLag();
  const securityConfig = readEnv(SecurityConfig, env);
  const limits = { symbolsPerConnection: config.maxSymbolsPerClient, messagesPerSecond: config.messagesPerSecond };
  const security = await loadSecurity(securityConfig, limits, clock, log);
  const tls = await loadTls(securityConfig);
  const master = await loadInstruments(config.instruments, log);
  const closes = await loadCloses(config.bseBhavcopy, master, clock.now(), log);
  const symbols = await loadSymbols(config.symbolFiles, master, log);
  const calendar = await loadCalendar(config.holidays, log);
  const isTrading = (exchange: string): boolean =>
    config.marketHours === 'always' || calendar.isOpen(exchange, clock.now());
  const isContinuous = (exchange: string): boolean =>
    config.marketHours === 'always' || calendar.isContinuous(exchange, clock.now());
  const tools = { clock, random: Math.random, log, meter, isTrading: isContinuous };
  const vendors = createVendors(config.vendors, env, tools, symbols);
  const carriers = vendors.flatMap(({ feeds, sources }) => [...feeds, ...sources]);
  const credentials = vendors.flatMap((vendor) => vendor.credentials ?? []);
  const epoch = new Epoch(randomBytes(6).toString('base64url'));

  const module = ServerModule.register({
    config,
    securityConfig,
    security,
    clock,
    log,
    meter,
    lag,
    master,
    carriers,
    credentials,
    health: [],
    epoch,
    isTrading,
  });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: new NestLogger(log),
    ...(tls && { httpsOptions: tls }),
  });
  const filter = new ProblemFilter(log);
  configureHttp(app, config, securityConfig, security, filter);

  const parts = partsOf(app);
  exportMetrics(meter, parts.hub, parts.conflator, app.get(Sessions), app.get(QuoteReader));
  lag.start();
  for (const credential of credentials) credential.start();
  wire(parts);
  for (const close of closes) parts.pipeline.tick(close);
  await app.init();
  // behind all routes: what nobody has taken
  app.use((request: Request, response: Response) => filter.notFound(request, response));
  await app.listen(config.port, config.host);
  const http = app.getHttpServer() as HttpServer | TlsServer;
  app.get(RawWsDoor).attach(http);
  app.get(Jobs).start(() => checkFreshness(parts));

  const { port } = http.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`;
  log.info({ url, vendors: config.vendors, instruments: master.size, epoch: epoch.name }, 'server started');
  warnOfOpenDoors(config, securityConfig, log);
  security.start();
  const stopFollowing = tls && followTls(securityConfig, tls, http as TlsServer, clock, log);

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const sessions = app.get(Sessions);
    log.info({ clients: parts.hub.clients.size, graceMs: config.drainGraceMs }, 'draining');
    sessions.announceDrain(config.drainSpreadMs, Math.random);
    if (parts.hub.clients.size > 0) await sleep(config.drainGraceMs);
    sessions.closeAll();
    app.get(Jobs).stop();
    const isLate = sleep(CLOSE_WITHIN_MS, undefined, { ref: false });
    await Promise.race([parts.supervisor.stop(), isLate]).catch((error: unknown) =>
      log.error({ error: String(error) }, 'a vendor connection did not end'),
    );
    parts.conflator.stop();
    parts.hub.stop();
    lag.stop();
    security.stop();
    stopFollowing?.();
    for (const credential of credentials) credential.stop();
    http.closeIdleConnections();
    // a peer that does not close its side, or a request that does not end, holds nobody up
    const cut = setTimeout(() => http.closeAllConnections(), CLOSE_WITHIN_MS);
    await Promise.race([app.close(), sleep(2 * CLOSE_WITHIN_MS, undefined, { ref: false })]);
    clearTimeout(cut);
    log.info({}, 'server stopped');
  };
  return { url, app, stop: () => (stopping ??= stop()) };
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
    }),
  );
  const isTls = securityConfig.tlsCertFile !== undefined;
  app.use(
    helmet({
      strictTransportSecurity: isTls,
      // over plain HTTP the pages of /docs would ask for their own scripts by HTTPS
      contentSecurityPolicy: isTls ? true : { directives: { upgradeInsecureRequests: null } },
    }),
  );
  app.enableCors({ origin, exposedHeaders: ['ETag', 'Retry-After'] });
  app.disable('x-powered-by');
  app.setGlobalPrefix('api', { exclude: ['health', 'health/{*path}', 'metrics'] });
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

function partsOf(app: NestExpressApplication): Parts {
  return {
    supervisor: app.get(FeedSupervisor),
    pipeline: app.get(QuotePipeline),
    conflator: app.get(Conflator),
    lastValues: app.get(LastValueStore),
    hub: app.get(Hub),
    recent: app.get(RecentUpdates),
    replay: app.get(ReplayBuffer),
    demand: app.get(Demand),
    job: app.get(ActiveSymbolsJob),
    freshness: app.get(Freshness),
  };
}
