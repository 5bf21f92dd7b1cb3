import { Cluster, type Command, Redis, type RedisOptions } from 'ioredis';
import type { Cancel, Clock, HealthReport, HealthSource, Log } from '#domain';
import type { RedisConfig } from './redis.config.js';

export type RedisClient = Redis | Cluster;

/** How often a connected Redis is asked whether it still answers, ms. */
const PROBE_MS = 1000;
const RETRY_FIRST_MS = 50;
const RETRY_MOST_MS = 1000;
/** For how long a refused attempt to connect tells how things are: until two more could have been made, ms. */
const REFUSED_FOR_MS = 2 * RETRY_MOST_MS + 500;

/**
 * The way to Redis. Commands fail at once while it is away, so that nobody waits for it; the connections come back by themselves.
 * `up` and `down` are told once for each change, and logged once.
 */
export class RedisConnection implements HealthSource {
  readonly name = 'redis';
  /** For commands; fails fast. */
  readonly commands: RedisClient;

  private readonly clients: RedisClient[] = [];
  private readonly subscribers: RedisClient[] = [];
  private readonly listeners: ((isUp: boolean) => void)[] = [];
  private up = false;
  private since: number;
  private lastError: string | undefined;
  /** When an attempt to connect was last refused, by `elapsed`; undefined when the newest went another way. */
  private refusedAt: number | undefined;
  private cancel: Cancel | undefined;
  private isClosed = false;

  constructor(
    private readonly config: RedisConfig,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.since = clock.now();
    this.commands = this.client();
    this.commands.on('ready', () => this.changed(true));
    this.commands.on('close', () => this.changed(false));
    this.commands.on('error', (error: NodeJS.ErrnoException) => {
      this.refusedAt = error.code === 'ECONNREFUSED' ? this.clock.elapsed() : undefined;
    });
    this.probe();
  }

  /** Whether commands may be expected to succeed. */
  get isUp(): boolean {
    return this.up;
  }

  get isCluster(): boolean {
    return this.config.redisCluster.length > 0;
  }

  /**
   * Its machine answers that nothing listens there: it is away for everybody, and not only for us. Never so for a Cluster, where it is one of
   * many machines.
   */
  get isRefused(): boolean {
    const { refusedAt } = this;
    return !this.up && !this.isCluster && refusedAt !== undefined && this.clock.elapsed() - refusedAt < REFUSED_FOR_MS;
  }

  /** Called with every change between up and away, and at once with how it is now. */
  onChange(listener: (isUp: boolean) => void): void {
    this.listeners.push(listener);
    listener(this.up);
  }

  /** Another connection of its own, for subscriptions; they are renewed after every break. Closed with the rest. */
  subscriber(): RedisClient {
    const client = this.client();
    this.subscribers.push(client);
    // ioredis renews subscriptions without looking at the outcome; one that fails because the connection breaks again would end the process
    const send = client.sendCommand.bind(client);
    client.sendCommand = (command: Command, ...rest: unknown[]) => {
      if (command.name.endsWith('subscribe')) command.promise.catch(() => undefined);
      return send(command, ...(rest as []));
    };
    return client;
  }

  /** Resolves when Redis answers, or after `ms`. */
  async settled(ms: number): Promise<boolean> {
    if (this.up) return true;
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, () => resolve(this.up));
      this.onChange((isUp) => {
        if (!isUp) return;
        cancel();
        resolve(true);
      });
    });
  }

  report(): HealthReport {
    const { up, since, lastError } = this;
    return {
      state: up ? 'up' : 'degraded',
      since: new Date(since).toISOString(),
      ...(!up && lastError && { lastError }),
    };
  }

  close(): void {
    this.isClosed = true;
    this.cancel?.();
    for (const client of this.clients) client.disconnect();
  }

  private client(): RedisClient {
    const client = connect(this.config);
    // without a listener ioredis prints every failed attempt
    client.on('error', (error: Error) => (this.lastError = error.message));
    this.clients.push(client);
    return client;
  }

  /** A peer that has gone without closing leaves a connection that looks open for many minutes. */
  private probe(): void {
    this.cancel = this.clock.after(PROBE_MS, () => void this.ask());
  }

  /** A subscriber hears nothing on a quiet day, nor on a connection whose peer is gone. */
  private async askSubscriber(client: Redis): Promise<void> {
    const stream: unknown = client.stream;
    const isSilent = await client.ping().then(
      () => false,
      () => true,
    );
    if (isSilent && client.status === 'ready' && client.stream === stream && !this.isClosed) client.disconnect(true);
  }

  private async ask(): Promise<void> {
    // a Cluster's are behind a client whose commands go other ways
    for (const client of this.up ? this.subscribers : [])
      if (client instanceof Redis && client.status === 'ready') void this.askSubscriber(client);
    const failure = this.up ? await this.commands.ping().then(() => undefined, String) : undefined;
    if (this.isClosed) return;
    this.probe();
    if (failure === undefined) return;
    this.lastError = failure;
    this.changed(false);
    for (const client of this.clients) client.disconnect(true);
  }

  private changed(isUp: boolean): void {
    if (this.up === isUp || this.isClosed) return;
    this.up = isUp;
    this.since = this.clock.now();
    if (isUp) this.log.info({}, 'Redis answers');
    else this.log.warn({ error: this.lastError }, 'Redis is away; going on from memory');
    for (const listener of this.listeners) listener(isUp);
  }
}

function connect(config: RedisConfig): RedisClient {
  const { redisUrl, redisSentinels, redisCluster, redisTimeoutMs } = config;
  const common: RedisOptions = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: redisTimeoutMs,
    // a peer that is gone does not close either
    disconnectTimeout: redisTimeoutMs,
    commandTimeout: redisTimeoutMs,
    retryStrategy: retryMs,
    // a promoted replica: the connection to the old master must end
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
  };
  const account: RedisOptions = {
    ...(config.redisUsername !== undefined && { username: config.redisUsername }),
    ...(config.redisPassword !== undefined && { password: config.redisPassword }),
    ...(config.redisTls && { tls: {} }),
  };
  if (redisCluster.length > 0) {
    return new Cluster(redisCluster.map(endpoint), {
      enableOfflineQueue: false,
      shardedSubscribers: true,
      clusterRetryStrategy: retryMs,
      redisOptions: { ...common, ...account },
    });
  }
  if (redisSentinels.length > 0) {
    return new Redis({
      ...common,
      ...account,
      sentinels: redisSentinels.map(endpoint),
      name: config.redisSentinelName,
      sentinelRetryStrategy: retryMs,
      ...(config.redisSentinelPassword !== undefined && { sentinelPassword: config.redisSentinelPassword }),
    });
  }
  return new Redis(redisUrl ?? '', common);
}

function retryMs(attempt: number): number {
  return Math.min(RETRY_FIRST_MS * attempt, RETRY_MOST_MS);
}

function endpoint(text: string): { host: string; port: number } {
  const [host = '', port = ''] = text.split(':');
  return { host, port: Number(port) };
}
