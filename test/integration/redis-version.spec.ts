import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConfigError, type Log, readEnv, silentLog, systemClock } from '#domain';
import { RedisConfig, RedisConnection, tooOld } from '#redis';
import { checkRedis } from '../../apps/server/src/redis-check.js';
import { startServer } from '../../apps/server/src/server.js';
import { freePort, RedisServer } from '../support/redis-server.js';

const ends: (() => unknown)[] = [];
let redis: RedisServer;

beforeEach(async () => {
  redis = await RedisServer.start();
  ends.push(() => redis.stop());
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** The way to a Redis that gives itself out for another version, as long as the real one's text is. */
async function asVersion(version: string, port = 0): Promise<string> {
  const server = createServer((client) => {
    const upstream = connect(redis.port, '127.0.0.1');
    const renamed = (data: Buffer): Buffer =>
      Buffer.from(data.toString('latin1').replace(/(?<=redis_version:)\d\.\d/, version), 'latin1');
    client.on('data', (data: Buffer) => upstream.write(data));
    upstream.on('data', (data: Buffer) => client.write(renamed(data)));
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].forEach((each) => each.destroy()));
      ends.push(() => socket.destroy());
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connection(url: string): RedisConnection {
  const made = new RedisConnection(readEnv(RedisConfig, { REDIS_URL: url }), systemClock, silentLog);
  ends.push(() => made.close());
  return made;
}

it.each([
  ['5.0', true],
  ['6.2', true],
  ['7.0', false],
  ['7.4', false],
  ['8.0', false],
])('Redis %s is too old: %s', async (version, isTooOld) => {
  const asked = connection(await asVersion(version));
  expect(await asked.settled(20_000)).toBe(true);
  const found = await tooOld(asked);
  if (isTooOld) expect(found).toMatch(new RegExp(`^Redis ${version}\\S* is too old: 7\\.0 or later is needed$`));
  else expect(found).toBeUndefined();
});

it('A Redis that may not be asked for its version is taken as it is', async () => {
  const raw = redis.client();
  ends.push(() => raw.disconnect());
  await raw.call('ACL', 'SETUSER', 'quiet', 'on', '>secret', '~*', '&*', '+@all', '-info');
  const asked = connection(redis.url.replace('//', '//quiet:secret@'));
  expect(await asked.settled(20_000)).toBe(true);
  expect(await tooOld(asked)).toBeUndefined();
});

it('A server does not start with a Redis that is too old, and says why', async () => {
  const env = { REDIS_URL: await asVersion('6.2'), VENDORS: 'redis', PORT: '0', HOST: '127.0.0.1' };
  const starting = startServer({ ...env, LOG_LEVEL: 'error', HISTORY: 'off' });
  await expect(starting).rejects.toThrow(ConfigError);
  await expect(starting).rejects.toThrow(/Redis 6\.2\S* is too old: 7\.0 or later is needed/);
});

it('A line of the log says that Redis is not there at the start, and why', async () => {
  const port = await freePort();
  const warn = vi.fn();
  expect(await checkRedis(connection(`redis://127.0.0.1:${port}`), { ...silentLog, warn })).toBe(false);
  expect(warn.mock.calls).toEqual([
    [
      { error: `connect ECONNREFUSED 127.0.0.1:${port}` },
      'Redis does not answer; vendors are not called before it does',
    ],
  ]);
});

it('A line of the log says it of a Redis that comes later', async () => {
  const port = await freePort();
  const error = vi.fn();
  const log: Log = { ...silentLog, error };
  expect(await checkRedis(connection(`redis://127.0.0.1:${port}`), log)).toBe(false);
  await asVersion('6.2', port);
  await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(1), 20_000);
  expect(error).toHaveBeenCalledWith({}, expect.stringMatching(/^Redis 6\.2\S* is too old: 7\.0 or later is needed$/));
});
