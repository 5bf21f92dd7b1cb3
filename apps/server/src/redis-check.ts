import { ConfigError, type Log } from '#domain';
import { type RedisConnection, tooOld } from '#redis';

/** How long a start waits for Redis to answer at all, ms. */
const REDIS_WITHIN_MS = 1000;

/**
 * Looks at the Redis that is there, and at each that comes later.
 * @returns whether it answers; one that is away holds the start up for a second at most
 * @throws ConfigError if it is too old; of one that comes later a line in the log says so
 */
export async function checkRedis(redis: RedisConnection, log: Log): Promise<boolean> {
  const isThere = await redis.settled(REDIS_WITHIN_MS);
  const problem = isThere ? await tooOld(redis) : undefined;
  if (problem !== undefined) throw new ConfigError([problem]);
  if (!isThere) {
    // the connection logs only changes, and this is none
    const { lastError } = redis.report();
    log.warn({ error: lastError }, 'Redis does not answer; vendors are not called before it does');
  }
  redis.onChange((isUp) => {
    if (isUp) void tooOld(redis).then((found) => found !== undefined && log.error({}, found));
  });
  return isThere;
}
