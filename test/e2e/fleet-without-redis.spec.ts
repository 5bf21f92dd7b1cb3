import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Ownership } from '#fleet';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { type RunningServer, startServer } from '../../apps/server/src/server.js';
import { CountingProxy } from '../support/counting-proxy.js';
import { NetworkLink } from '../support/network-link.js';
import { RawClient } from '../support/raw-client.js';
import { RedisServer } from '../support/redis-server.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';

const POLLED = 'BSE:500325';
const STREAMED = 'NSE:TCS';
const LEASE_MS = 2000;

type Json = Record<string, unknown>;

interface Node {
  readonly server: RunningServer;
  readonly ownership: Ownership;
  /** Between the node and the vendors. */
  readonly vendors: CountingProxy;
  /** Between the node and Redis. */
  readonly link: NetworkLink;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function aMarket(): Promise<{ redis: RedisServer; sandbox: Sandbox }> {
  const redis = await RedisServer.start();
  ends.push(() => redis.stop());
  const sandbox = await aSandbox();
  ends.push(() => sandbox.close());
  return { redis, sandbox };
}

async function aNode(redis: RedisServer, sandbox: Sandbox, withoutRedis: string): Promise<Node> {
  const vendors = await CountingProxy.start(sandbox.port);
  ends.push(() => vendors.close());
  const link = await NetworkLink.start(redis.port);
  ends.push(() => link.close());
  const throughProxy = ([key, value]: [string, string]): [string, string] => [
    key,
    value.replaceAll(`127.0.0.1:${sandbox.port}`, new URL(vendors.url).host),
  ];
  const server = await startServer({
    ...Object.fromEntries(Object.entries(sandbox.settings).map(throughProxy)),
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    HISTORY: 'off',
    MARKET_HOURS: 'always',
    VENDORS: 'bse,json',
    REDIS_URL: `redis://127.0.0.1:${link.port}`,
    REDIS_TIMEOUT_MS: '500',
    LEASE_MS: String(LEASE_MS),
    WITHOUT_REDIS: withoutRedis,
    ESSENTIAL: `${POLLED},${STREAMED}`,
    BSE_REQUESTS_PER_SECOND: '100',
    REFRESH_NORMAL_MS: '250',
    ACTIVE_SYMBOLS_MS: '250',
    STALE_AFTER_MS: '2000',
    DRAIN_GRACE_MS: '50',
  });
  ends.push(() => server.stop());
  return { server, ownership: server.app.get(Ownership), vendors, link };
}

/** A node that calls vendors, and one that stands by for it. */
async function aPair(withoutRedis: string): Promise<{ a: Node; b: Node; redis: RedisServer; sandbox: Sandbox }> {
  const { redis, sandbox } = await aMarket();
  const a = await aNode(redis, sandbox, withoutRedis);
  await until('the first owner', () => a.ownership.state === 'owner');
  const b = await aNode(redis, sandbox, withoutRedis);
  await until('calls of the owner', () => calls(a).length > 5 && connectionsOf(sandbox) === 1);
  // a renewal has told of the other
  await sleep(LEASE_MS);
  return { a, b, redis, sandbox };
}

/** When vendors were called. A node loads the instrument master through the same way. */
const calls = ({ vendors }: Node): number[] =>
  vendors.requests.filter(({ path }) => !path.startsWith('/instruments')).map(({ at }) => at);

const connectionsOf = (sandbox: Sandbox): number => sandbox.stats('json')['connections'] ?? 0;

async function get({ server }: Node, path: string): Promise<Json> {
  return (await (await fetch(server.url + path)).json()) as Json;
}

const fleetHealth = async (node: Node): Promise<Json> =>
  ((await get(node, '/health'))['details'] as { fleet: Json }).fleet;

async function quotesOf(node: Node): Promise<Json[]> {
  const { quotes } = (await get(node, `/api/v1/quotes?symbols=${POLLED},${STREAMED}`)) as { quotes: Json[] };
  return quotes;
}

async function subscriber({ server }: Node): Promise<RawClient> {
  const client = await RawClient.connect(`${server.url.replace('http', 'ws')}/ws`);
  ends.push(() => client.close());
  client.send({ action: 'subscribe', symbols: [POLLED, STREAMED] });
  await client.next('subscribed');
  return client;
}

/** Watches until the test ends how many streams the vendor has at most. */
function mostStreams(sandbox: Sandbox): () => number {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, connectionsOf(sandbox))), 2);
  ends.push(() => clearInterval(timer));
  return () => most;
}

/** Numbers of the quotes, which both nodes must have alike while the market stands still. */
async function becomeEqual(one: Node, other: Node, sandbox: Sandbox): Promise<void> {
  sandbox.market.stop();
  const numbers = async (node: Node): Promise<string> =>
    JSON.stringify((await quotesOf(node)).map(({ age: _age, layer: _layer, ...quote }) => quote));
  for (const deadline = Date.now() + 10_000; ; await sleep(100)) {
    const [first, second] = [await numbers(one), await numbers(other)];
    if (first === second && !first.includes('"stale":true')) return;
    if (Date.now() > deadline) throw new Error(`never equal: ${first} and ${second}`);
  }
}

/** Redis is back, empty: the owner of before is the owner in its epoch, and nobody else has called a vendor. */
async function expectToGoOn(
  { a, b, redis, sandbox }: Awaited<ReturnType<typeof aPair>>,
  epoch: string | undefined,
): Promise<void> {
  await redis.restart();
  await until('the owner', () => a.ownership.state === 'owner' && connectionsOf(sandbox) === 1);
  await becomeEqual(a, b, sandbox);
  expect(a.ownership.tenure?.epoch).toBe(epoch);
  expect(calls(b)).toEqual([]);
}

describe('Nobody calls vendors beside another', { timeout: 40_000 }, () => {
  it.each(['auto', 'stop'])(
    'with WITHOUT_REDIS=%s an owner cut off from Redis stops before its successor begins',
    async (withoutRedis) => {
      const { a, b, sandbox } = await aPair(withoutRedis);
      const client = await subscriber(a);
      const streams = mostStreams(sandbox);
      const before = calls(b).length;
      a.link.cut();
      const cut = performance.now();
      await until('the successor', () => b.ownership.state === 'owner' && calls(b).length > before + 5);
      expect(before).toBe(0);
      const last = calls(a).at(-1) ?? 0;
      expect(last - cut).toBeLessThanOrEqual(LEASE_MS + 50);
      expect(last).toBeLessThan(calls(b)[0] ?? 0);
      await until('its verdict', () => a.ownership.state === 'waiting');
      expect(await fleetHealth(a)).toMatchObject({ status: 'degraded', is: 'waiting' });
      expect(await fleetHealth(a)).not.toHaveProperty('owner');

      expect(await client.next('status', ({ symbol }) => symbol === STREAMED)).toMatchObject({ state: 'delayed' });
      expect(await client.next('status', ({ symbol }) => symbol === STREAMED)).toMatchObject({ state: 'stale' });
      expect(await quotesOf(a)).toMatchObject([{ status: 'stale' }, { status: 'stale' }]);
      expect(await quotesOf(b)).toMatchObject([{ status: 'live' }, { status: 'live' }]);

      a.link.mend();
      await until('the end of its tenure', () => a.ownership.state === 'standby');
      await becomeEqual(a, b, sandbox);
      expect(b.ownership.state).toBe('owner');
      expect(calls(a).at(-1)).toBe(last);
      expect(streams()).toBe(1);
    },
  );

  it('nor at all while no node reaches Redis, and the same owner goes on in its epoch afterwards', async () => {
    const pair = await aPair('auto');
    const { a, redis, sandbox } = pair;
    const streams = mostStreams(sandbox);
    const epoch = a.ownership.tenure?.epoch;
    // a machine that hangs: nothing says whether it is away for all
    redis.pause();
    const paused = performance.now();
    await until('its verdict', () => a.ownership.state === 'waiting');
    await sleep(LEASE_MS);
    expect((calls(a).at(-1) ?? 0) - paused).toBeLessThanOrEqual(LEASE_MS + 50);
    expect(connectionsOf(sandbox)).toBe(0);
    await expectToGoOn(pair, epoch);
    expect(streams()).toBe(1);
  });
});

describe('An owner goes on calling vendors without Redis', { timeout: 40_000 }, () => {
  it('where no other node could take over', async () => {
    const { redis, sandbox } = await aMarket();
    const node = await aNode(redis, sandbox, 'auto');
    await until('an owner', () => node.ownership.state === 'owner');
    await sleep(1.5 * LEASE_MS);
    await redis.kill();
    await until('its verdict', () => node.ownership.state === 'alone');
    const made = calls(node).length;
    await until('more calls', () => calls(node).length > made + 3);
    expect(await fleetHealth(node)).toMatchObject({ status: 'degraded', is: 'alone' });
    expect(await quotesOf(node)).toMatchObject([{ status: 'live' }, { status: 'live' }]);
  });

  it('where its machine says that it is away for all, and stops when it says so no more', async () => {
    const pair = await aPair('auto');
    const { a, redis, sandbox } = pair;
    const streams = mostStreams(sandbox);
    const epoch = a.ownership.tenure?.epoch;
    await redis.kill();
    // the link would take connections that Redis refuses
    a.link.refuse();
    await until('its verdict', () => a.ownership.state === 'alone');
    const made = calls(a).length;
    await until('more calls', () => calls(a).length > made + 3);
    expect(await quotesOf(a)).toMatchObject([{ status: 'live' }, { status: 'live' }]);
    await a.link.accept();
    a.link.cut();
    await until('doubt', () => a.ownership.state === 'waiting' && connectionsOf(sandbox) === 0);
    a.link.mend();
    await expectToGoOn(pair, epoch);
    expect(streams()).toBe(1);
  });

  it('where it is told to, though another could', async () => {
    const { a, redis } = await aPair('serve');
    redis.pause();
    await until('its verdict', () => a.ownership.state === 'alone');
    const made = calls(a).length;
    await until('more calls', () => calls(a).length > made + 3);
  });
});
