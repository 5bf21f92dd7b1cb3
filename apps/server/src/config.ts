import { ArrayUnique, IsArray, IsIn, IsInt, IsNumber, IsString, Matches, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

const SYMBOL = /^[A-Z][A-Z0-9]{1,9}:[A-Z0-9][A-Z0-9&._-]{0,31}$/;

/** The server's settings. Vendors have their own, in their folders, read when `VENDORS` names them. */
export class ServerConfig {
  @EnvKey({ key: 'PORT', description: 'TCP port of all doors; 0 takes a free one' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port = 3000;

  @EnvKey({ key: 'HOST', description: 'Address to listen on' })
  @IsString()
  host = '0.0.0.0';

  @EnvKey({ key: 'VENDORS', description: 'Vendors in order of preference, comma-separated' })
  @IsArray()
  @ArrayUnique()
  @IsString({ each: true })
  vendors: string[] = ['bse', 'json'];

  @EnvKey({ key: 'INSTRUMENTS', description: 'Instrument master: path or http(s) URL of a CSV file' })
  @IsString()
  instruments = 'data/instruments.csv';

  @EnvKey({
    key: 'BSE_BHAVCOPY',
    description: "BSE's end-of-day file, path or http(s) URL: its closes are the first values; empty for none",
  })
  @IsString()
  bseBhavcopy = '';

  @EnvKey({
    key: 'SYMBOL_FILES',
    description: "Vendors' own symbol files, comma-separated: fyers=path-or-url,upstox=path-or-url",
  })
  @IsArray()
  @Matches(/^[a-z0-9]+=.+$/, { each: true })
  symbolFiles: string[] = [];

  @EnvKey({ key: 'ESSENTIAL', description: 'Symbols kept current whether anybody asks or not, comma-separated' })
  @IsArray()
  @Matches(SYMBOL, { each: true })
  essential: string[] = [];

  @EnvKey({
    key: 'CONFLATION_MS',
    unit: 'ms',
    description: 'Conflation window: within it only the newest value of a symbol is sent; 0 sends at once',
  })
  @IsInt()
  @Min(0)
  @Max(1000)
  conflationMs = 25;

  @EnvKey({
    key: 'ACTIVE_SYMBOLS_MS',
    unit: 'ms',
    description: 'Length of the round that matches feeds with demand and refreshes what is due',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  activeSymbolsMs = 2000;

  @EnvKey({
    key: 'REFRESH_HOT_MS',
    unit: 'ms',
    description: 'Refresh interval of much wanted symbols, where a vendor must be asked',
  })
  @IsInt()
  @Min(250)
  refreshHotMs = 2000;

  @EnvKey({ key: 'REFRESH_NORMAL_MS', unit: 'ms', description: 'Refresh interval of subscribed symbols' })
  @IsInt()
  @Min(250)
  refreshNormalMs = 5000;

  @EnvKey({
    key: 'REFRESH_WATCHED_MS',
    unit: 'ms',
    description: 'Refresh interval of symbols that are only read now and then',
  })
  @IsInt()
  @Min(250)
  refreshWatchedMs = 15_000;

  @EnvKey({ key: 'HOT_FROM', description: 'Subscribers, or requests in the last minute, from which a symbol is hot' })
  @IsInt()
  @Min(1)
  hotFrom = 10;

  @EnvKey({
    key: 'WATCH_MS',
    unit: 'ms',
    description: 'How long a symbol is kept current after a read without subscription',
  })
  @IsInt()
  @Min(0)
  watchMs = 60_000;

  @EnvKey({
    key: 'MARKET_HOURS',
    description: 'exchange: idle and report closed outside trading hours; always: no hours',
  })
  @IsIn(['exchange', 'always'])
  marketHours = 'exchange';

  @EnvKey({ key: 'HOLIDAYS', description: "Exchanges' holidays: path or http(s) URL of a CSV file" })
  @IsString()
  holidays = 'data/holidays.csv';

  @EnvKey({
    key: 'STALE_AFTER_MS',
    unit: 'ms',
    description: 'Age from which an unconfirmed quote is stale; before that it is delayed',
  })
  @IsInt()
  @Min(1000)
  staleAfterMs = 15_000;

  @EnvKey({
    key: 'MAX_MOVE',
    description: 'Largest distance from the previous close, as a share, where a vendor sends no circuit limits',
  })
  @IsNumber()
  @Min(0.01)
  maxMove = 0.4;

  @EnvKey({
    key: 'VALIDATION_CRITICAL',
    description: 'Symbols whose ticks are also checked in depth, comma-separated; see docs/validation.md',
  })
  @IsArray()
  @Matches(SYMBOL, { each: true })
  validationCritical: string[] = [];

  @EnvKey({
    key: 'CROSS_CHECK_PER_MINUTE',
    description: "Prices of important symbols compared with a second vendor's, in a minute; 0 for none",
  })
  @IsInt()
  @Min(0)
  @Max(6000)
  crossCheckPerMinute = 12;

  @EnvKey({ key: 'RECENT_CAPACITY', description: 'Recent updates kept for inspection' })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  recentCapacity = 1000;

  @EnvKey({ key: 'RECENT_TTL_MS', unit: 'ms', description: 'How long a recent update is kept' })
  @IsInt()
  @Min(1000)
  recentTtlMs = 300_000;

  @EnvKey({ key: 'REPLAY_MS', unit: 'ms', description: 'How long changes are kept for clients that return' })
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  replayMs = 300_000;

  @EnvKey({
    key: 'REPLAY_MAX_BYTES',
    unit: 'bytes',
    description: 'Memory for those changes, about 170 bytes each; 0 keeps none, and who returns gets snapshots',
  })
  @IsInt()
  @Min(0)
  replayMaxBytes = 67_108_864;

  @EnvKey({ key: 'KEY_PREFIX', description: 'Prefix of cache keys' })
  @IsString()
  keyPrefix = '';

  @EnvKey({ key: 'MAX_CONNECTIONS', description: 'Socket clients at one time' })
  @IsInt()
  @Min(1)
  maxConnections = 10_000;

  @EnvKey({ key: 'MAX_SYMBOLS_PER_CLIENT', description: 'Symbols one socket client may subscribe to' })
  @IsInt()
  @Min(1)
  maxSymbolsPerClient = 1000;

  @EnvKey({ key: 'MAX_MESSAGE_BYTES', unit: 'bytes', description: 'Largest message a client may send' })
  @IsInt()
  @Min(256)
  maxMessageBytes = 65_536;

  @EnvKey({ key: 'MESSAGES_PER_SECOND', description: 'Messages a client may send; twice as many at once' })
  @IsInt()
  @Min(1)
  messagesPerSecond = 50;

  @EnvKey({ key: 'HEARTBEAT_MS', unit: 'ms', description: 'Silence after which a connection is probed' })
  @IsInt()
  @Min(1000)
  heartbeatMs = 25_000;

  @EnvKey({
    key: 'IDLE_TIMEOUT_MS',
    unit: 'ms',
    description: 'A client without subscription and message for this long is disconnected',
  })
  @IsInt()
  @Min(1000)
  idleTimeoutMs = 300_000;

  @EnvKey({ key: 'PROBE_MS', unit: 'ms', description: 'How often a client under traffic is asked how far it has read' })
  @IsInt()
  @Min(100)
  probeMs = 2000;

  @EnvKey({
    key: 'SLOW_AFTER_MS',
    unit: 'ms',
    description: 'Age of what a client has not read yet, from which it is conflated',
  })
  @IsInt()
  @Min(100)
  slowAfterMs = 2000;

  @EnvKey({ key: 'SLOW_DISCONNECT_MS', unit: 'ms', description: 'A client slow for this long is disconnected' })
  @IsInt()
  @Min(1000)
  slowDisconnectMs = 30_000;

  @EnvKey({
    key: 'OUTBOX_MAX_BYTES',
    unit: 'bytes',
    description: 'Bytes waiting for one client, past which it is conflated at once',
  })
  @IsInt()
  @Min(4096)
  outboxMaxBytes = 1_048_576;

  @EnvKey({
    key: 'ALLOWED_ORIGINS',
    description: 'Origins of browser pages that may connect, comma-separated; * for all',
  })
  @IsArray()
  @IsString({ each: true })
  allowedOrigins: string[] = ['*'];

  @EnvKey({
    key: 'DRAIN_GRACE_MS',
    unit: 'ms',
    description: 'Time between the announcement of a shutdown and the end of connections',
  })
  @IsInt()
  @Min(0)
  drainGraceMs = 3000;

  @EnvKey({
    key: 'DRAIN_SPREAD_MS',
    unit: 'ms',
    description: 'Clients are asked to reconnect at moments spread over this time',
  })
  @IsInt()
  @Min(0)
  drainSpreadMs = 10_000;

  @EnvKey({
    key: 'MAX_EVENT_LOOP_LAG_MS',
    unit: 'ms',
    description: 'Lag of the event loop from which the server is not ready',
  })
  @IsInt()
  @Min(10)
  maxEventLoopLagMs = 2000;

  @EnvKey({ key: 'MAX_RSS_BYTES', unit: 'bytes', description: 'Memory from which the health check is red' })
  @IsInt()
  @Min(67_108_864)
  maxRssBytes = 536_870_912;

  @EnvKey({ key: 'LOG_LEVEL', description: 'debug, info, warn or error' })
  @IsIn(['debug', 'info', 'warn', 'error'])
  logLevel = 'info';
}
