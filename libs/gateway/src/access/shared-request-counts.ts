import { ThrottlerStorageService, type ThrottlerStorage } from '@nestjs/throttler';
import { Patience } from '#cache';
import type { Clock } from '#domain';
import type { RedisConnection } from '#redis';

type Counted = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** What a request waits for Redis, ms. */
const PATIENCE_MS = 50;

/**
 * Notes a hit unless there are `limit` in the last `ttl` ms, by the clock of Redis. KEYS[1] sorted set of hits; ARGV: ttl, limit.
 * Answers hits, whether this one was refused, ms until the oldest is forgotten.
 */
const HIT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
local hits = redis.call('ZCARD', KEYS[1])
local refused = hits >= tonumber(ARGV[2])
if not refused then
  redis.call('ZADD', KEYS[1], now, time[1] .. '.' .. time[2] .. '.' .. hits)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  hits = hits + 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return { hits, refused and 1 or 0, (oldest or now) + ARGV[1] - now }
`;

/** Counts the requests of a user on all nodes together; in this process alone while Redis is away. */
export class SharedRequestCounts implements ThrottlerStorage {
  private readonly own = new ThrottlerStorageService();
  private readonly patience: Patience;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keyPrefix: string,
    clock: Clock,
  ) {
    this.patience = new Patience(clock, PATIENCE_MS);
  }

  async increment(key: string, ttl: number, limit: number, blockDuration: number, name: string): Promise<Counted> {
    return (await this.shared(key, ttl, limit)) ?? (await this.own.increment(key, ttl, limit, blockDuration, name));
  }

  onApplicationShutdown(): void {
    this.own.onApplicationShutdown();
  }

  private async shared(key: string, ttl: number, limit: number): Promise<Counted | undefined> {
    if (!this.redis.isUp) return undefined;
    const name = `${this.keyPrefix}tickwire:requests:${key}`;
    const answer = await this.patience
      .ask(() => this.redis.commands.eval(HIT, 1, name, ttl, limit))
      .catch(() => undefined);
    if (!Array.isArray(answer)) return undefined;
    const [hits = 0, refused = 0, oldestMs = 0] = answer.map(Number);
    const seconds = Math.ceil(oldestMs / 1000);
    // one more than allowed is how the guard knows a refused request
    return {
      totalHits: hits + refused,
      timeToExpire: Math.ceil(ttl / 1000),
      isBlocked: refused === 1,
      timeToBlockExpire: refused === 1 ? seconds : 0,
    };
  }
}
