import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheKeys, PerformanceLog } from '#cache';
import { type Clock, readEnv, silentLog, systemClock } from '#domain';
import { SharedRequestCounts } from '#gateway';
import { RedisConfig, RedisConnection } from '#redis';
import { ManualClock } from '../support/manual-clock.js';
import { RedisServer } from '../support/redis-server.js';

const REDIS_TIMEOUT_MS = 5000;
/** On which a request waits as long for Redis as a slow machine needs. */
const patientClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(100 * ms, run) };

describe('Counts that nodes share', () => {
  let server: RedisServer;
  let raw: Redis;
  const connections: RedisConnection[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
    raw = server.client();
    raw.on('error', () => undefined);
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    raw.disconnect();
    await server.stop();
  });

  async function aConnection(): Promise<RedisConnection> {
    const env = { REDIS_URL: server.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) };
    const connection = new RedisConnection(readEnv(RedisConfig, env), systemClock, silentLog);
    connections.push(connection);
    expect(await connection.settled(20_000)).toBe(true);
    return connection;
  }

  describe('of a day', () => {
    const day = '2023-11-14';
    const clock: Clock = new ManualClock();

    async function aLog(prefix = ''): Promise<PerformanceLog> {
      return new PerformanceLog(new CacheKeys(prefix), clock, silentLog, await aConnection());
    }

    it('are added up over all nodes, the highest of peaks is kept, and they expire after 35 days', async () => {
      const [a, b] = [await aLog('p:'), await aLog('p:')];
      let ticks = 5;
      a.follow('ticks', () => ticks);
      a.watch('connectionsPeak', () => 7);
      b.watch('connectionsPeak', () => 4);
      ticks = 12;
      b.record('ticks', 3);
      await Promise.all([a.flush(), b.flush()]);
      await a.flush();
      expect(await raw.hgetall(`p:metrics:performance:${day}`)).toEqual({ ticks: '10', connectionsPeak: '7' });
      expect(await raw.ttl(`p:metrics:performance:${day}`)).toBeGreaterThan(34.9 * 86_400);
      b.record('ticks', 1);
      expect(await b.read(day)).toEqual({ ticks: 11, connectionsPeak: 7 });
      expect(await b.read('2023-11-13')).toEqual({});
    });

    it('wait while Redis is away, and none is lost', async () => {
      const log = await aLog();
      await server.kill();
      log.record('updates', 2);
      await log.flush();
      log.record('updates', 3);
      expect(await log.read(day)).toEqual({ updates: 5 });
      await server.restart();
      await vi.waitFor(async () => {
        await log.flush();
        expect(await raw.hget(`metrics:performance:${day}`, 'updates')).toBe('5');
      }, 20_000);
    });
  });

  describe('of requests', () => {
    const storage = async (clock = patientClock): Promise<SharedRequestCounts> =>
      new SharedRequestCounts(await aConnection(), '', clock);
    const hit = (counts: SharedRequestCounts, user = 'u', ttl = 60_000): ReturnType<SharedRequestCounts['increment']> =>
      counts.increment(user, ttl, 3, 0, 'default');

    it('limit a user over all nodes, and others not', async () => {
      const [a, b] = [await storage(), await storage()];
      expect(await hit(a)).toMatchObject({ totalHits: 1, isBlocked: false });
      expect(await hit(b)).toMatchObject({ totalHits: 2, isBlocked: false });
      expect(await hit(a)).toMatchObject({ totalHits: 3, isBlocked: false });
      const refused = await hit(b);
      expect(refused).toMatchObject({ totalHits: 4, isBlocked: true });
      expect(refused.timeToBlockExpire).toBeGreaterThan(30);
      expect(refused.timeToBlockExpire).toBeLessThanOrEqual(60);
      expect(await hit(b, 'someone else')).toMatchObject({ totalHits: 1, isBlocked: false });
    });

    it('allow one more as soon as the oldest is old enough; refused ones do not count', async () => {
      const counts = await storage();
      for (let i = 0; i < 6; i++) await hit(counts, 'u', 2000);
      expect(await hit(counts, 'u', 2000)).toMatchObject({ isBlocked: true });
      await vi.waitFor(async () => expect(await hit(counts, 'u', 2000)).toMatchObject({ isBlocked: false }), 20_000);
    });

    it('are kept in the process while Redis is away, killed or paused, without a wait worth telling', async () => {
      const counts = await storage(systemClock);
      server.pause();
      const started = performance.now();
      for (let i = 0; i < 3; i++) expect(await hit(counts)).toMatchObject({ totalHits: i + 1, isBlocked: false });
      expect(await hit(counts)).toMatchObject({ isBlocked: true });
      expect(performance.now() - started).toBeLessThan(REDIS_TIMEOUT_MS / 2);
      await server.kill();
      expect(await hit(counts)).toMatchObject({ isBlocked: true });
    });
  });
});
