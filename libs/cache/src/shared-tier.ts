import { type CacheManagerStore, KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import type { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import type { CheckedRedis } from './checked-redis.js';

/** The second tier: what all nodes and other programs share in Redis. Never throws; away, it is empty. */
export function sharedTier(redis: CheckedRedis, ttlMs: number): Keyv {
  // The store uses no more of a client than CheckedRedis has; above all it cannot flush the database. Its type is that of an older
  // cache-manager, and the adapter uses nothing that has changed.
  const store = redisInsStore(redis as unknown as Redis) as unknown as CacheManagerStore;
  const tier = new Keyv({
    store: new KeyvAdapter(store),
    ttl: ttlMs,
    useKeyPrefix: false,
    serialize: JSON.stringify,
    deserialize: JSON.parse,
  });
  // an error without a listener ends the process; CheckedRedis has counted it
  tier.on('error', () => undefined);
  return tier;
}
