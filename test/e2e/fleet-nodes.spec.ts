import { afterEach, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { CountingProxy } from '../support/counting-proxy.js';
import { NodeProcess } from '../support/node-process.js';
import { RawClient } from '../support/raw-client.js';
import { RedisServer } from '../support/redis-server.js';
import { aSandbox } from '../support/vendor-sandbox.js';

const BSE_SYMBOL = 'BSE:500325';
const JSON_SYMBOL = 'NSE:TCS';
const WITHIN_MS = 25_000;
/** Of the nodes, unless a test gives them another. */
const LEASE_MS = 3000;

interface Part {
  readonly node: NodeProcess;
  /** Between the node and the vendors. */
  readonly proxy: CountingProxy;
}

interface FleetBody {
  readonly owner: string | null;
  readonly term: number | null;
  readonly epoch: string | null;
  readonly nodes: readonly Record<string, unknown>[];
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function shared(): Promise<{ redis: RedisServer; sandbox: Sandbox }> {
  const redis = await RedisServer.start();
  ends.push(() => redis.stop());
  const sandbox = await aSandbox();
  ends.push(() => sandbox.close());
  return { redis, sandbox };
}

async function aNode(redis: RedisServer, sandbox: Sandbox, env: Record<string, string> = {}): Promise<Part> {
  const proxy = await CountingProxy.start(sandbox.port);
  ends.push(() => proxy.close());
  const settings = Object.fromEntries(
    Object.entries(sandbox.settings).map(([key, value]) => [
      key,
      value.replaceAll(`127.0.0.1:${sandbox.port}`, new URL(proxy.url).host),
    ]),
  );
  const node = await NodeProcess.start({
    ...settings,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'info',
    MARKET_HOURS: 'always',
    BSE_REQUESTS_PER_SECOND: '100',
    REFRESH_NORMAL_MS: '500',
    ACTIVE_SYMBOLS_MS: '250',
    DRAIN_GRACE_MS: '1000',
    ...env,
  });
  ends.push(() => node.end());
  return { node, proxy };
}

async function fleetOf({ node }: Part): Promise<FleetBody> {
  return (await node.get('/api/v1/fleet')) as unknown as FleetBody;
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > WITHIN_MS) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - started;
}

const isOwner = async (part: Part): Promise<boolean> =>
  ((await part.node.get('/health')) as { details: { fleet: { is: string } } }).details.fleet.is === 'owner';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** A node loads the instrument master through the same way. */
const vendorCalls = ({ proxy }: Part, since: number): number =>
  proxy.requests.filter(({ at, path }) => at > since && !path.startsWith('/instruments')).length;

async function pair(env: Record<string, string> = {}): Promise<{ a: Part; b: Part; sandbox: Sandbox }> {
  const { redis, sandbox } = await shared();
  const a = await aNode(redis, sandbox, env);
  await eventually('the first owner', () => isOwner(a));
  const b = await aNode(redis, sandbox, env);
  return { a, b, sandbox };
}

describe('A fleet of two nodes', { timeout: 90_000 }, () => {
  it('has one that calls vendors, also for the clients of the other, and says so', async () => {
    const { a, b, sandbox } = await pair();
    const client = await RawClient.connect(b.node.wsUrl);
    ends.push(() => client.close());
    client.send({ action: 'subscribe', symbols: [BSE_SYMBOL, JSON_SYMBOL, 'NSE:NOTHING'] });
    expect(await client.next('subscribed')).toMatchObject({ symbols: [BSE_SYMBOL, JSON_SYMBOL] });
    const started = performance.now();
    await eventually('calls of the owner', () => Promise.resolve(vendorCalls(a, started) > 5));
    await eventually('the stream of the owner', () => Promise.resolve(sandbox.stats('json')['connections'] === 1));
    expect(vendorCalls(b, 0)).toBe(0);
    await eventually('news of both nodes', async () => {
      const { owner, nodes } = await fleetOf(b);
      return owner !== null && nodes.length === 2 && nodes.some(({ clients }) => clients === 1);
    });
    const fleet = await fleetOf(b);
    const [first, second] = ['owner', 'standby'].map((state) => fleet.nodes.find((node) => node['state'] === state));
    expect(fleet).toMatchObject({ owner: first?.['id'], term: expect.any(Number), epoch: expect.any(String) });
    expect(second).toMatchObject({ role: 'all', clients: 1, symbols: 2, version: '0.1.0', since: expect.any(String) });
  });

  it('goes on with the other within a lease and a little when the owner is killed', async () => {
    const { a, b, sandbox } = await pair({ ESSENTIAL: `${BSE_SYMBOL},${JSON_SYMBOL}` });
    await eventually('calls of the owner', () => Promise.resolve(vendorCalls(a, 0) > 5));
    expect(vendorCalls(b, 0)).toBe(0);
    await eventually('news of the owner', async () => (await fleetOf(b)).owner !== null);
    const { term } = await fleetOf(b);
    const killed = performance.now();
    a.node.kill('SIGKILL');
    const took = await eventually('calls of the second', () => Promise.resolve(vendorCalls(b, killed) > 0));
    expect(took).toBeLessThan(LEASE_MS * 2 + 4000);
    await eventually('the stream of the second', () => Promise.resolve(sandbox.stats('json')['connections'] === 1));
    expect(await isOwner(b)).toBe(true);
    await eventually('a later term', async () => ((await fleetOf(b)).term ?? 0) > (term ?? Infinity));
  });

  it('lets an owner that stood still and wakes up make no call before it knows that it is not the owner any more', async () => {
    const { a, b } = await pair({ ESSENTIAL: `${BSE_SYMBOL},${JSON_SYMBOL}` });
    await eventually('calls of the owner', () => Promise.resolve(vendorCalls(a, 0) > 5));
    a.node.kill('SIGSTOP');
    const stopped = performance.now();
    await eventually('calls of the second', () => Promise.resolve(vendorCalls(b, stopped) > 0));
    await pause(1000);
    const woken = performance.now();
    a.node.kill('SIGCONT');
    await eventually('the end of its ownership', async () => !(await isOwner(a)));
    await pause(2000);
    expect(vendorCalls(a, woken)).toBe(0);
    expect(await isOwner(b)).toBe(true);
    await eventually('the end of its connections', () => Promise.resolve(a.proxy.open <= 2));
  });

  it('goes on with the other long before the lease ends when the owner is told to stop, which serves its clients meanwhile', async () => {
    const leaseMs = 30_000;
    const { a, b } = await pair({
      ESSENTIAL: `${BSE_SYMBOL},${JSON_SYMBOL}`,
      LEASE_MS: String(leaseMs),
      DRAIN_GRACE_MS: '3000',
    });
    await eventually('calls of the owner', () => Promise.resolve(vendorCalls(a, 0) > 5));
    await eventually('news of the owner', async () => (await fleetOf(b)).owner !== null);
    const client = await RawClient.connect(a.node.wsUrl);
    ends.push(() => client.close());
    const told = performance.now();
    a.node.kill('SIGTERM');
    const took = await eventually('calls of the second', () => Promise.resolve(vendorCalls(b, told) > 0));
    // sooner than it tries by itself
    expect(took).toBeLessThan(leaseMs / 6);
    expect(vendorCalls(a, told + took)).toBe(0);
    expect(client.closed).toBeUndefined();
    await client.next('draining');
    await a.node.ended();
    await eventually('its end', async () => (await fleetOf(b)).nodes.length === 1);
  });

  it("spends a day's plan once", async () => {
    const plan = {
      VENDORS: 'alphavantage',
      ALPHAVANTAGE_SECRET_API_KEY: 'free',
      ALPHAVANTAGE_ENTITLEMENT: 'none',
      ALPHAVANTAGE_INTRADAY: 'false',
      ALPHAVANTAGE_REQUESTS_PER_MINUTE: '1200',
      ALPHAVANTAGE_REQUESTS_PER_DAY: '4',
      ALPHAVANTAGE_SPREAD_DAY: 'false',
      ESSENTIAL: 'NASDAQ:AAPL',
      REFRESH_WATCHED_MS: '500',
    };
    const { a, b, sandbox } = await pair(plan);
    const calls = (): number => sandbox.stats('alphavantage')['requests'] ?? 0;
    await eventually('three calls', () => Promise.resolve(calls() >= 3));
    a.node.kill('SIGKILL');
    await eventually('the second owner', () => isOwner(b));
    await pause(3000);
    expect(calls()).toBeLessThanOrEqual(4);
  });
});

describe('A node with a part of its own', { timeout: 90_000 }, () => {
  it('serves clients and talks to no vendor as an edge, needing no settings of theirs', async () => {
    const { redis, sandbox } = await shared();
    const ingest = await aNode(redis, sandbox, { ROLE: 'ingest' });
    await eventually('the owner', () => isOwner(ingest));
    const { INSTRUMENTS = '' } = sandbox.settings;
    const edge = await NodeProcess.start({ REDIS_URL: redis.url, ROLE: 'edge', INSTRUMENTS, VENDORS: 'fyers' });
    ends.push(() => edge.end());
    const client = await RawClient.connect(edge.wsUrl);
    ends.push(() => client.close());
    client.send({ action: 'subscribe', symbols: [JSON_SYMBOL] });
    await client.next('subscribed');
    await eventually('the stream', () => Promise.resolve(sandbox.stats('json')['connections'] === 1));
    // longer than a lease without an owner would be free
    ingest.node.kill('SIGKILL');
    await pause(LEASE_MS + 2000);
    const part = async (): Promise<Record<string, unknown>> =>
      ((await edge.get('/health')) as { details: { fleet: Record<string, unknown> } }).details.fleet;
    expect(await part()).toMatchObject({ is: 'standby' });
    await eventually('its complaint', async () => (await part())['status'] === 'degraded');
  });

  it('opens no doors for clients as ingest, and says why', async () => {
    const { redis, sandbox } = await shared();
    const { node } = await aNode(redis, sandbox, { ROLE: 'ingest' });
    const client = await RawClient.connect(node.wsUrl);
    expect(await client.next('error')).toMatchObject({ message: expect.stringContaining('serves no clients') });
    await client.ended();
    const stream = await fetch(`${node.url}/api/v1/stream?symbols=${JSON_SYMBOL}`);
    expect(stream.status).toBe(503);
    expect(await stream.json()).toMatchObject({ detail: expect.stringContaining('serves no clients') });
    await eventually('its readiness', async () => (await fetch(`${node.url}/health/ready`)).status === 200);
    expect((await fetch(`${node.url}/metrics`)).status).toBe(200);
  });

  it('is no part at all without Redis', async () => {
    await expect(NodeProcess.start({ ROLE: 'edge' })).rejects.toThrow(/ROLE.*REDIS_URL/);
  });
});
