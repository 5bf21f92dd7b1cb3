import type { RedisConnection } from '#redis';
import type { CacheKeys } from './cache-keys.js';
import { type CorruptReason, unseal } from './cached-answer.js';
import { LatencyWindow } from './latency-window.js';
import type { Patience } from './patience.js';
import { type Command, sendAll } from './redis-bulk.js';

/** What has been asked of the shared cache since start. */
export interface SharedCacheCounts {
  hits: number;
  misses: number;
  /** Commands that failed or were too late. */
  errors: number;
  corrupt: Record<CorruptReason, number>;
}

/**
 * The commands that cache-manager's Redis store uses, with what it lacks: nothing is believed unchecked, nobody waits long, nothing
 * is thrown, and keys may live on different nodes of a Cluster.
 *
 * Between this and Keyv the store parses and writes JSON in its own dialect, which revives functions and classes by evaluating
 * text. So what passes through it is always one string literal, and what Redis keeps is the text in it.
 */
export class CheckedRedis {
  readonly counts: SharedCacheCounts = {
    hits: 0,
    misses: 0,
    errors: 0,
    corrupt: { unreadable: 0, version: 0, checksum: 0, shape: 0 },
  };
  readonly latency = new LatencyWindow();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: CacheKeys,
    private readonly patience: Patience,
  ) {}

  async get(key: string): Promise<string | null> {
    const [text = null] = await this.mget([key]);
    return text;
  }

  async mget(keys: readonly string[]): Promise<(string | null)[]> {
    const started = performance.now();
    const texts = await this.ask(() => this.fetch(keys));
    if (texts === undefined) return keys.map(() => null);
    this.latency.add(performance.now() - started);
    const spoilt: string[] = [];
    const answers = keys.map((key, i) => {
      const text = texts[i];
      if (typeof text !== 'string') {
        if (text instanceof Error) this.counts.errors++;
        else if (this.keys.isQuote(key)) this.counts.misses++;
        return null;
      }
      if (this.isSound(text, key)) return JSON.stringify(text);
      spoilt.push(key);
      return null;
    });
    if (spoilt.length > 0) void this.del(spoilt);
    return answers;
  }

  async set(key: string, literal: string, ...expiry: [unit: 'PX', ms: number] | []): Promise<void> {
    await this.ask(() => this.redis.commands.call('set', key, JSON.parse(literal) as string, ...expiry));
  }

  async del(keys: string | readonly string[]): Promise<void> {
    await this.ask(() =>
      sendAll(
        this.redis,
        [keys].flat().map((key): Command => ['unlink', key]),
      ),
    );
  }

  private isSound(text: string, key: string): boolean {
    const found = unseal(text, this.keys.instrumentOf(key));
    if (typeof found === 'string') this.counts.corrupt[found]++;
    else if (found.kind === 'quote') this.counts.hits++;
    return typeof found !== 'string';
  }

  private async fetch(keys: readonly string[]): Promise<unknown[]> {
    const { commands, isCluster } = this.redis;
    return isCluster
      ? await sendAll(
          this.redis,
          keys.map((key): Command => ['get', key]),
        )
      : await commands.mget([...keys]);
  }

  /** Undefined when Redis is away, refuses or is late. */
  private async ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (!this.redis.isUp || this.patience.isSpent) return undefined;
    try {
      return await this.patience.ask(call);
    } catch {
      this.counts.errors++;
      return undefined;
    }
  }
}
