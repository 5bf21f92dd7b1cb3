import type { Cancel, Clock, Log } from '#domain';
import type { RedisClient, RedisConnection } from '#redis';
import type { UpdateShards } from './update-shards.js';

const RETRY_MS = 250;

/** Who listens to what the owner publishes. */
export interface ShardListener {
  message(message: Buffer): void;
  /** What is published of the shard from now on comes; what was published before has to be read. */
  subscribed(shard: number): void;
}

/** Keeps the channels of some shards, and the owner's, subscribed over every break. */
export class ShardSubscriptions {
  private client: RedisClient | undefined;
  /** For the owner's channel: ioredis takes the end of the last sharded subscription for the end of all. */
  private ownerClient: RedisClient | undefined;
  private wanted: ReadonlySet<number> = new Set();
  /** What Redis has acknowledged on the present connection. */
  private readonly acknowledged = new Set<number>();
  private hasOwner = false;
  private isRunning = false;
  private isWorking = false;
  private cancel: Cancel | undefined;
  /** Grows with every break: an acknowledgement of before means nothing any more. */
  private connection = 0;

  constructor(
    private readonly redis: RedisConnection,
    private readonly shards: UpdateShards,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly listener: ShardListener,
  ) {}

  /** Shards whose updates come now. */
  get held(): ReadonlySet<number> {
    return this.acknowledged;
  }

  want(shards: ReadonlySet<number>): void {
    this.wanted = shards;
    this.work();
  }

  start(): void {
    this.isRunning = true;
    this.client ??= this.open();
    this.ownerClient ??= this.open();
    this.work();
  }

  /** Ends the connections, on which nothing comes, for new ones. */
  renew(): void {
    for (const client of [this.client, this.ownerClient]) client?.disconnect(true);
  }

  /** Lets all channels go; the connection stays. */
  stop(): void {
    this.isRunning = false;
    this.cancel?.();
    this.cancel = undefined;
    this.work();
  }

  private open(): RedisClient {
    const client = this.redis.subscriber();
    const take = (message: Buffer): void => {
      if (this.isRunning) this.listener.message(message);
    };
    client.on('messageBuffer', (_channel: Buffer, message: Buffer) => take(message));
    client.on('smessageBuffer', (_channel: Buffer, message: Buffer) => take(message));
    for (const event of ['close', 'ready', 'subscribersReady']) client.on(event, () => this.broken());
    return client;
  }

  private broken(): void {
    this.connection++;
    this.acknowledged.clear();
    this.hasOwner = false;
    this.work();
  }

  private work(): void {
    const { client, ownerClient } = this;
    if (this.isWorking || client?.status !== 'ready' || ownerClient?.status !== 'ready') return;
    this.isWorking = true;
    void this.arrange(client, ownerClient);
  }

  private async arrange(client: RedisClient, ownerClient: RedisClient): Promise<void> {
    const { connection } = this;
    let failure: unknown;
    try {
      if (this.isRunning) await this.subscribe(client, ownerClient, connection);
      else await this.letGo(client, ownerClient);
    } catch (error) {
      failure = error;
    }
    this.isWorking = false;
    if (failure !== undefined) {
      this.log.debug({ error: String(failure) }, 'updates of the owner are not subscribed yet');
      this.cancel?.();
      if (this.isRunning) this.cancel = this.clock.after(RETRY_MS, () => this.work());
    } else if (this.isUnfinished) this.work();
  }

  private get isUnfinished(): boolean {
    if (!this.isRunning) return this.acknowledged.size > 0;
    return (
      !this.hasOwner ||
      this.acknowledged.size !== this.wanted.size ||
      [...this.wanted].some((shard) => !this.acknowledged.has(shard))
    );
  }

  private async subscribe(client: RedisClient, ownerClient: RedisClient, connection: number): Promise<void> {
    if (!this.hasOwner) {
      await ownerClient.subscribe(this.shards.ownerChannel);
      if (connection !== this.connection) return;
      this.hasOwner = true;
    }
    for (const shard of this.acknowledged) if (!this.wanted.has(shard)) await this.leave(client, shard);
    const missing = [...this.wanted].filter((shard) => !this.acknowledged.has(shard));
    await Promise.all(
      missing.map(async (shard) => {
        const channel = this.channel(shard);
        await client.ssubscribe(channel);
        if (connection !== this.connection) return;
        this.acknowledged.add(shard);
        if (this.isRunning) this.listener.subscribed(shard);
      }),
    );
  }

  private async letGo(client: RedisClient, ownerClient: RedisClient): Promise<void> {
    this.hasOwner = false;
    await ownerClient.unsubscribe(this.shards.ownerChannel);
    for (const shard of this.acknowledged) await this.leave(client, shard);
  }

  private async leave(client: RedisClient, shard: number): Promise<void> {
    this.acknowledged.delete(shard);
    const channel = this.channel(shard);
    await client.sunsubscribe(channel);
  }

  private channel(shard: number): string {
    return (this.shards.keys[shard] as (typeof this.shards.keys)[number]).channel;
  }
}
