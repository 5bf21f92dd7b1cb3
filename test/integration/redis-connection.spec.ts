import type { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readEnv, silentLog, systemClock } from '#domain';
import { RedisConfig, RedisConnection } from '#redis';
import { RedisServer } from '../support/redis-server.js';

describe('The way to Redis', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function aServer(): Promise<RedisServer> {
    const server = await RedisServer.start();
    ends.push(() => server.stop());
    return server;
  }

  function aConnection(server: RedisServer, log = silentLog): RedisConnection {
    const config = readEnv(RedisConfig, { REDIS_URL: server.url, REDIS_TIMEOUT_MS: '300' });
    const connection = new RedisConnection(config, systemClock, log);
    ends.push(() => connection.close());
    return connection;
  }

  it('fails commands at once while Redis is away, says so once, and heals by itself', async () => {
    const server = await aServer();
    const warn = vi.fn();
    const connection = aConnection(server, { ...silentLog, warn });
    expect(await connection.settled(3000)).toBe(true);
    await server.kill();
    await vi.waitFor(() => expect(connection.isUp).toBe(false), 20_000);
    const started = performance.now();
    await expect(connection.commands.get('x')).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(100);
    expect(connection.report()).toMatchObject({ state: 'degraded' });
    await server.restart();
    await vi.waitFor(() => expect(connection.isUp).toBe(true), 20_000);
    expect(await connection.commands.set('x', '1')).toBe('OK');
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('notices a Redis that is connected and does not answer', async () => {
    const server = await aServer();
    const connection = aConnection(server);
    await connection.settled(3000);
    server.pause();
    await vi.waitFor(() => expect(connection.isUp).toBe(false), 20_000);
    server.resume();
    await vi.waitFor(() => expect(connection.isUp).toBe(true), 20_000);
  });

  it('renews a subscription on whose connection nothing comes any more', async () => {
    const server = await aServer();
    const connection = aConnection(server);
    await connection.settled(3000);
    const subscriber = connection.subscriber() as Redis;
    const heard: string[] = [];
    subscriber.on('message', (_channel: string, message: string) => heard.push(message));
    await vi.waitFor(() => subscriber.subscribe('a'), 20_000);
    subscriber.stream.pause();
    await vi.waitFor(
      async () => {
        await connection.commands.publish('a', 'again');
        expect(heard).toContain('again');
      },
      { timeout: 20_000, interval: 50 },
    );
    expect(connection.isUp).toBe(true);
  });

  it('renews subscriptions after a break, sharded ones too', async () => {
    const server = await aServer();
    const connection = aConnection(server);
    await connection.settled(3000);
    const subscriber = connection.subscriber();
    const heard: string[] = [];
    subscriber.on('smessage', (_channel: string, message: string) => heard.push(message));
    await vi.waitFor(() => subscriber.ssubscribe('a'), 20_000);
    await server.restart();
    await vi.waitFor(async () => {
      await connection.commands.spublish('a', 'again');
      expect(heard).toContain('again');
    }, 20_000);
  });
});
