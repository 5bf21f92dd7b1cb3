import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Clock, readEnv, silentLog, systemClock } from '#domain';
import { createFleet, type Fleet, FleetConfig, type OwnerState } from '#fleet';
import { RedisConfig, RedisConnection } from '#redis';
import { FleetKeys } from '../../libs/fleet/src/fleet-keys.js';
import { Lease } from '../../libs/fleet/src/lease.js';
import { NODE_GONE_MS } from '../../libs/fleet/src/node-list.js';
import { RedisServer } from '../support/redis-server.js';

const LEASE_MS = 2000;
/** Tries of a standby in one lease. */
const TRIES = 6;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function aRedis(): Promise<RedisServer> {
  const server = await RedisServer.start();
  ends.push(() => server.stop());
  return server;
}

/** A clock that can jump, as it does for a process that was stopped. */
class JumpingClock implements Clock {
  private ahead = 0;
  readonly after = systemClock.after.bind(systemClock);

  now(): number {
    return systemClock.now() + this.ahead;
  }

  elapsed(): number {
    return systemClock.elapsed() + this.ahead;
  }

  jump(ms: number): void {
    this.ahead += ms;
  }
}

interface Given {
  readonly role?: string;
  readonly clock?: Clock;
  readonly leaseMs?: number;
  readonly withoutRedis?: string;
  /** How long Redis may take to answer for the first time, ms. */
  readonly patienceMs?: number;
}

async function aNode(
  server: RedisServer,
  name: string,
  { role = 'all', clock = systemClock, leaseMs = LEASE_MS, withoutRedis = 'auto', patienceMs = 20_000 }: Given = {},
): Promise<Fleet> {
  const redisConfig = readEnv(RedisConfig, { REDIS_URL: server.url, REDIS_TIMEOUT_MS: '300' });
  const config = readEnv(FleetConfig, { LEASE_MS: String(leaseMs), WITHOUT_REDIS: withoutRedis });
  const redis = new RedisConnection(redisConfig, systemClock, silentLog);
  const options = { nodeId: name, role, version: '1', config, keyPrefix: 'test:', redisTimeoutMs: 300 };
  const fleet = createFleet(redis, options, clock, Math.random, silentLog);
  ends.push(() => {
    fleet.board.stop();
    fleet.news.stop();
    redis.close();
    return fleet.ownership.stop();
  });
  await redis.settled(patienceMs);
  fleet.news.start();
  fleet.board.start();
  fleet.ownership.start();
  return fleet;
}

const becomes = (fleet: Fleet, state: OwnerState, within = 20_000): Promise<void> =>
  vi.waitFor(() => expect(fleet.ownership.state).toBe(state), { timeout: within, interval: 10 });

describe('The lease of ingest', () => {
  it('is held by one of several nodes, and never by an edge', async () => {
    const server = await aRedis();
    const edge = await aNode(server, 'edge', { role: 'edge' });
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    const nodes = [await aNode(server, 'a'), await aNode(server, 'b'), await aNode(server, 'c', { role: 'ingest' })];
    await becomes(nodes[0] as Fleet, 'owner');
    const all = [edge, ...nodes];
    const owners = new Set<string>();
    for (const end = performance.now() + 2 * LEASE_MS; performance.now() < end;) {
      for (const { ownership } of all) if (ownership.state !== 'standby') owners.add(ownership.nodeId);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([...owners]).toEqual(['a']);
  });

  it('goes to another node at once when its owner stops, with a later term and an epoch of its own', async () => {
    const server = await aRedis();
    const leaseMs = 60_000;
    const a = await aNode(server, 'a', { leaseMs });
    await becomes(a, 'owner');
    const before = a.ownership.tenure;
    const b = await aNode(server, 'b', { leaseMs });
    await vi.waitFor(() => expect(b.nodes.owner()?.id).toBe('a'), 20_000);
    const stopped = performance.now();
    await a.ownership.stop();
    expect(a.ownership.state).toBe('standby');
    await becomes(b, 'owner');
    // its own next try is later, for it has just begun
    expect(performance.now() - stopped).toBeLessThan(leaseMs / TRIES / 2);
    expect(b.ownership.tenure).toMatchObject({ isNew: true });
    expect(b.ownership.tenure?.term).toBeGreaterThan(before?.term ?? Infinity);
    expect(b.ownership.tenure?.epoch).not.toBe(before?.epoch);
    expect(b.ownership.tenure?.epoch.split('-')[1]).toBe(b.ownership.tenure?.term.toString(36));
  });

  it('goes to another node within a lease and a try when its owner is cut off, which calls no vendor until it can be told', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    await becomes(a, 'owner');
    const b = await aNode(server, 'b');
    const cut = performance.now();
    a.redis.close();
    await becomes(b, 'owner');
    expect(performance.now() - cut).toBeLessThan(LEASE_MS * (1 + 1 / TRIES) + 3000);
    await becomes(a, 'waiting');
    expect(a.turn.mayCall('x')).toBe(false);
    a.ownership.steppedOver(b.ownership.tenure?.term ?? 0);
    expect(a.ownership.state).toBe('standby');
  });

  it('is lost at once when Redis says that another has it', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    await becomes(a, 'owner');
    const told: unknown[] = [];
    a.ownership.onChange((tenure) => told.push(tenure));
    await a.redis.commands.set('test:{tickwire:lease}', 'other');
    await becomes(a, 'standby');
    expect(told).toEqual([undefined]);
    await a.redis.commands.del('test:{tickwire:lease}');
    await becomes(a, 'owner');
    expect(a.ownership.tenure).toMatchObject({ isNew: true });
  });

  it('does not count for a process that was stopped for longer than it lasts, until Redis has answered', async () => {
    const server = await aRedis();
    const clock = new JumpingClock();
    const a = await aNode(server, 'a', { clock });
    await becomes(a, 'owner');
    const { tenure } = a.ownership;
    clock.jump(LEASE_MS + 1);
    expect(a.ownership.state).toBe('unsure');
    expect(a.turn.mayCall('x')).toBe(false);
    await becomes(a, 'owner');
    expect(a.ownership.tenure).toEqual(tenure);
  });

  it('is not taken for lost in silence by a process that was stopped while it waited for an answer', async () => {
    const server = await aRedis();
    const clock = new JumpingClock();
    const a = await aNode(server, 'a', { clock });
    await becomes(a, 'owner');
    server.pause();
    await vi.waitFor(() => expect(a.redis.isUp).toBe(false), { timeout: 20_000, interval: 5 });
    clock.jump(60_000);
    const states = new Set<OwnerState>();
    for (let i = 0; i < 20; i++) {
      states.add(a.ownership.state);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([...states]).toEqual(['unsure']);
    server.resume();
    await becomes(a, 'owner');
  });

  it('is done without while Redis does not answer: the owner goes on alone, others wait, and the same epoch goes on', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a', { withoutRedis: 'serve' });
    await becomes(a, 'owner');
    const tenure = a.ownership.tenure;
    const seen = new Set<OwnerState>();
    a.ownership.onState((state) => seen.add(state));
    await server.kill();
    await becomes(a, 'alone');
    expect(a.turn.mayCall('x')).toBe(true);
    expect(a.health.report()).toMatchObject({ state: 'degraded', is: 'alone' });
    const late = await aNode(server, 'b', { patienceMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    expect(late.ownership.state).toBe('standby');
    // it comes back empty: terms must not begin anew
    await server.restart();
    await becomes(a, 'owner');
    // for a moment it may not know whether Redis or itself has stood still
    seen.delete('unsure');
    expect([...seen]).toEqual(['alone', 'owner']);
    expect(a.ownership.tenure).toMatchObject({ epoch: tenure?.epoch, isNew: false });
    expect(a.ownership.tenure?.term).toBeGreaterThan(tenure?.term ?? Infinity);
    expect(late.ownership.state).toBe('standby');
  });

  it('is waited for by a note under the prefix of all keys, also by who may not take it yet', async () => {
    const server = await aRedis();
    const admin = server.client();
    await admin.call('ACL', 'SETUSER', 'tw', 'on', '>secret', '~test:*', '&test:*', '+@all');
    admin.disconnect();
    const keys = new FleetKeys('test:');
    const url = server.url.replace('redis://', 'redis://tw:secret@');
    const redis = new RedisConnection(Object.assign(new RedisConfig(), { redisUrl: url }), systemClock, silentLog);
    onTestFinished(() => redis.close());
    await redis.settled(10_000);
    const [a, b] = ['a', 'b'].map((node) => new Lease(redis, keys, node, 60_000)) as [Lease, Lease];
    expect(await b.hold(false)).toMatchObject({ holder: '' });
    expect(await a.hold(true)).toEqual({ holder: 'a', isFresh: true, hasRival: true });
    expect(await b.hold(true)).toMatchObject({ holder: 'a' });
    await a.release();
    expect(await b.hold(false)).toMatchObject({ holder: '' });
    expect(await b.hold(true)).toEqual({ holder: 'b', isFresh: true, hasRival: false });
  });
});

describe('What the fleet wants', () => {
  const set = (...ids: string[]): Set<string> => new Set(ids);
  const wants = (fleet: Fleet): (() => string[]) => {
    let present: ReadonlySet<string> = new Set();
    fleet.board.onDemand(({ wanted }) => (present = wanted));
    return () => [...present].toSorted();
  };

  it('is what its nodes want together, and of which they need every tick', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    const b = await aNode(server, 'b', { role: 'edge' });
    let followed: ReadonlySet<string> = new Set();
    a.board.onDemand((union) => (followed = union.followed));
    const wanted = wants(a);
    a.board.announce(set('NSE:A', 'NSE:B'), set());
    b.board.announce(set('NSE:B', 'NSE:C'), set('NSE:C'));
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:A', 'NSE:B', 'NSE:C']), 20_000);
    expect([...followed]).toEqual(['NSE:C']);
    b.board.announce(set('NSE:B'), set());
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:A', 'NSE:B']), 20_000);
    a.board.announce(set(), set());
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:B']), 20_000);
  });

  it('is told to programs outside as what came and what went', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    const b = await aNode(server, 'b');
    await becomes(a, 'owner');
    const listener = server.client();
    ends.push(() => listener.disconnect());
    const told: Record<string, unknown>[] = [];
    await listener.subscribe('test:market-data:subscriptions');
    listener.on('message', (_channel, text: string) => told.push(JSON.parse(text) as Record<string, unknown>));
    b.board.announce(set('NSE:A'), set());
    await vi.waitFor(() => expect(told).toHaveLength(1), 20_000);
    b.board.announce(set('NSE:B'), set());
    await vi.waitFor(() => expect(told).toHaveLength(2), 20_000);
    expect(told).toEqual([
      { added: ['NSE:A'], removed: [], total: 1, timestamp: expect.any(Number) },
      { added: ['NSE:B'], removed: ['NSE:A'], total: 1, timestamp: expect.any(Number) },
    ]);
  });

  it('travels only where it has changed', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    const wanted = wants(a);
    const many = Array.from({ length: 3000 }, (_, i) => `NSE:S${i}`);
    a.board.announce(new Set(many), set());
    await vi.waitFor(() => expect(wanted()).toHaveLength(3000), 20_000);
    const listener = server.client();
    ends.push(() => listener.disconnect());
    let heard = '';
    await listener.subscribe('test:tickwire:nodes');
    listener.on('message', (_channel, text: string) => (heard += text));
    a.board.announce(new Set([...many, 'NSE:NEW']), set());
    await vi.waitFor(() => expect(wanted()).toContain('NSE:NEW'), 20_000);
    await vi.waitFor(() => expect(heard).toContain('NSE:NEW'), 20_000);
    // also beats of a slow machine; all of it would be 30,000
    expect(heard.length).toBeLessThan(10_000);
  });

  it('loses the wishes of a node that is gone: at once when it says so, after a few seconds when it dies', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    const b = await aNode(server, 'b');
    const c = await aNode(server, 'c');
    const wanted = wants(a);
    b.board.announce(set('NSE:B'), set());
    c.board.announce(set('NSE:C'), set());
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:B', 'NSE:C']), 20_000);
    const left = performance.now();
    await b.board.leave();
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:C']), 20_000);
    expect(performance.now() - left).toBeLessThan(NODE_GONE_MS - 1500);
    const died = performance.now();
    c.board.stop();
    c.redis.close();
    await vi.waitFor(() => expect(wanted()).toEqual([]), 20_000);
    expect(performance.now() - died).toBeLessThan(NODE_GONE_MS + 5500);
    const kept = (): Promise<number> => a.redis.commands.exists('test:tickwire:demand:c');
    await vi.waitFor(async () => expect(await kept()).toBe(0), 20_000);
  });

  it('is whole again after Redis has come back empty, and for a node that comes late', async () => {
    const server = await aRedis();
    const a = await aNode(server, 'a');
    const b = await aNode(server, 'b');
    b.board.announce(set('NSE:B', 'NSE:C'), set());
    await server.restart();
    await vi.waitFor(async () => expect(await a.redis.commands.exists('test:tickwire:demand:b')).toBe(1), 20_000);
    const late = await aNode(server, 'late');
    const [wanted, known] = [wants(late), wants(a)];
    await vi.waitFor(() => expect(wanted()).toEqual(['NSE:B', 'NSE:C']), 20_000);
    b.board.announce(set('NSE:B'), set());
    await vi.waitFor(() => expect([wanted(), known()]).toEqual([['NSE:B'], ['NSE:B']]), 20_000);
  });
});
