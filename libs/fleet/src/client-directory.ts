import type { Cancel, Clock, EpochMs } from '#domain';
import { type Client, type Hub, infoOf } from '#subscription';
import type { RedisConnection } from '#redis';
import type { OutsideKeys } from './outside-keys.js';

/** Changes of one second are written together, and a client at most once in it. */
const WRITE_MS = 1000;
const TTL_MS = 60_000;
const RENEW_MS = 20_000;
/** Clients written in one pipeline. */
const CHUNK = 100;

/** Keeps in Redis what each client of this node is subscribed to, for whoever has to look. Nothing here waits for it. */
export class ClientDirectory {
  /** Ids of clients that have to be written, or taken away. */
  private readonly changed = new Set<string>();
  /** Ids of clients that are written there. */
  private readonly written = new Set<string>();
  private renewedAt: EpochMs = 0;
  private cancel: Cancel | undefined;
  private isWriting = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: OutsideKeys,
    private readonly hub: Hub,
    private readonly nodeId: string,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.hub.subscriptions.onChange((client) => this.note(client));
    // a Redis that comes back may be empty
    this.redis.onChange((isUp) => {
      if (isUp) for (const id of this.written) this.changed.add(id);
    });
    this.round();
  }

  /** Clients that have to be written, or taken away. */
  get noted(): number {
    return this.changed.size;
  }

  /** Takes this node's clients away. */
  async stop(): Promise<void> {
    this.cancel?.();
    const gone = [...this.written].map((id) => ['del', this.keys.client(id)]);
    await this.send(gone).catch(() => undefined);
  }

  private round(): void {
    this.cancel = this.clock.after(WRITE_MS, () => this.round());
    if (!this.redis.isUp || this.isWriting) return;
    this.isWriting = true;
    void this.write()
      .catch(() => {
        for (const id of this.written) this.changed.add(id);
      })
      .finally(() => (this.isWriting = false));
  }

  /** Part by part: when all clients come back at once, what they want is much to write down. */
  private async write(): Promise<void> {
    const now = this.clock.now();
    const changed = [...this.changed];
    this.changed.clear();
    for (let at = 0; at < changed.length; at += CHUNK)
      await this.send(changed.slice(at, at + CHUNK).flatMap((id) => this.newsOf(id, now)));
    if (now - this.renewedAt < RENEW_MS) return;
    this.renewedAt = now;
    const written = [...this.written];
    for (let at = 0; at < written.length; at += CHUNK)
      await this.send(written.slice(at, at + CHUNK).map((id) => ['pexpire', this.keys.client(id), String(TTL_MS)]));
  }

  /** While Redis is away, clients that come and go must not gather. */
  private note({ id, closed, subscriptions }: Client): void {
    if ((closed || subscriptions.size === 0) && !this.written.has(id)) this.changed.delete(id);
    else this.changed.add(id);
  }

  private newsOf(id: string, now: EpochMs): string[][] {
    const key = this.keys.client(id);
    const client = this.hub.clients.get(id);
    if (client === undefined || client.subscriptions.size === 0) return this.written.delete(id) ? [['del', key]] : [];
    this.written.add(id);
    const symbols = [...client.subscriptions].map(([symbol, { options }]) => infoOf(symbol, options));
    const record = { clientId: id, node: this.nodeId, symbols, updatedAt: now };
    return [['set', key, JSON.stringify(record), 'PX', String(TTL_MS)]];
  }

  private async send(commands: readonly string[][]): Promise<void> {
    const { commands: redis, isCluster } = this.redis;
    // in a Cluster the keys live on different nodes, so each command goes its own way there
    if (isCluster) await Promise.all(commands.map(([name = '', ...args]) => redis.call(name, ...args)));
    else if (commands.length > 0) await redis.pipeline(commands.map((command) => [...command])).exec();
  }
}
