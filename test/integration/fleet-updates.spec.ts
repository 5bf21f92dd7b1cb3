import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { emptyBook, setLevel } from '#domain';
import { Arrivals } from '#fetcher';
import { FleetConfig } from '#fleet';
import { type RedisClient, RedisConnection } from '#redis';
import { shardOf } from '../../libs/fleet/src/update-shards.js';
import { FleetMember } from '../support/fleet-member.js';
import { RecordingWire } from '../support/recording-wire.js';
import { RedisServer } from '../support/redis-server.js';
import { SequenceReader } from '../support/sequence-reader.js';

const IDS = ['NSE:A1', 'NSE:B1', 'NSE:C1', 'NSE:D1'];
const SHARDS = new FleetConfig().fleetShards;

let server: RedisServer;
let prefix = 0;
let members: FleetMember[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  prefix++;
});
afterEach(() => {
  server.resume();
  for (const member of members) member.stop();
  members = [];
});

async function aMember(name: string, ids: readonly string[] = IDS): Promise<FleetMember> {
  const member = new FleetMember(name, server.url, ids, `t${prefix}:`);
  members.push(member);
  expect(await member.redis.settled(20_000)).toBe(true);
  return member;
}

const until = (check: () => unknown): Promise<void> =>
  vi.waitFor(async () => void (await check()), { timeout: 20_000, interval: 10 });

/** An owner with a price of each instrument, and a follower with a client that wants all of them. */
async function aPair(): Promise<{ owner: FleetMember; follower: FleetMember; reader: SequenceReader }> {
  const owner = await aMember('a');
  await owner.own(1);
  for (const id of IDS) owner.tick(id, { price: 100 });
  const follower = await aMember('b');
  const reader = new SequenceReader(IDS);
  reader.come(follower.hub);
  await until(() => {
    reader.read();
    expect(Object.keys(reader.sequences)).toHaveLength(IDS.length);
  });
  return { owner, follower, reader };
}

const keyOf = (id: string, key: string): string => `t${prefix}:{tw${shardOf(id, SHARDS)}}:${key}`;

/** Waits until Redis has the owner's word on instruments. */
async function stored(...ids: string[]): Promise<void> {
  const client = server.client();
  for (const id of ids) await until(async () => expect(await client.hlen(keyOf(id, 'last'))).toBeGreaterThan(0));
  client.disconnect();
}

function expectEqual(one: FleetMember, other: FleetMember): void {
  for (const id of IDS) expect(one.position(id)).toEqual(other.position(id));
}

describe('a follower', () => {
  it("has the owner's quotes at the owner's positions, and tells its clients each change", async () => {
    const { owner, follower, reader } = await aPair();
    reader.types.length = 0;
    for (let price = 101; price <= 120; price++) {
      owner.tick('NSE:A1', { price, volume: price * 10, eventTime: Date.now() });
      owner.flush();
      // what Redis is too slow for is told as a whole
      await until(() => expect(follower.position('NSE:A1')?.quote.price).toBe(price));
    }
    expectEqual(follower, owner);
    reader.read();
    expect(reader.sequences['NSE:A1']).toBe(21);
    expect(reader.quotes.get('NSE:A1')).toEqual(owner.position('NSE:A1')?.quote);
    expect(new Set(reader.types)).toEqual(new Set(['batch_update']));
  });

  it('is sent a window of many shards at once, and passes it on at once', async () => {
    const { owner, follower, reader } = await aPair();
    const client = server.client();
    const scripts = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
    expect(new Set(IDS.map((id) => shardOf(id, SHARDS))).size).toBeGreaterThan(1);
    const before = await scripts();
    reader.types.length = 0;
    for (const id of IDS) owner.tick(id, { price: 200 });
    owner.flush();
    await until(() => {
      for (const id of IDS) expect(follower.position(id)?.quote.price).toBe(200);
    });
    reader.read();
    expect(reader.types).toEqual(['batch_update']);
    expect(await scripts()).toBe(before + 1);
    client.disconnect();
  });

  it('makes changes that Redis was too slow for good by a whole quote', async () => {
    const { owner, follower, reader } = await aPair();
    reader.types.length = 0;
    server.pause();
    for (let price = 101; price <= 110; price++) {
      owner.tick('NSE:A1', { price });
      owner.flush();
    }
    server.resume();
    await until(() => expect(follower.position('NSE:A1')?.quote.price).toBe(110));
    expectEqual(follower, owner);
    reader.read();
    expect(reader.sequences['NSE:A1']).toBe(11);
    expect(reader.types).toContain('snapshot');
  });

  it('is equal again after Redis has come back empty', async () => {
    const { owner, follower, reader } = await aPair();
    await server.kill();
    await until(() => expect(owner.redis.isUp).toBe(false));
    owner.tick('NSE:B1', { price: 200 });
    owner.flush();
    await server.restart();
    await until(() => expect(follower.position('NSE:B1')?.quote.price).toBe(200));
    const late = await aMember('c');
    const other = new SequenceReader(IDS);
    other.come(late.hub);
    await until(() => expectEqual(late, owner));
    reader.read();
    expect(reader.epoch).toBe('a-1');
  });

  it('goes on in an epoch of its own with quotes that say they are old while the owner is not heard', async () => {
    const { owner, follower, reader } = await aPair();
    follower.checkFreshness();
    reader.read();
    reader.others.length = 0;
    server.pause();
    await until(() => {
      follower.checkFreshness();
      reader.read();
      expect(reader.others.filter(({ type }) => type === 'status').map(({ state }) => state)).toContain('delayed');
      expect(reader.quotes.get('NSE:A1')).toMatchObject({ price: 100, stale: true });
    });
    expect(reader.epoch).not.toBe('a-1');
    server.resume();
    await until(() => {
      reader.read();
      expect(reader.epoch).toBe('a-1');
      expectEqual(follower, owner);
      expect(reader.quotes.get('NSE:A1')).toMatchObject({ price: 100, stale: false });
    });
  });

  it.each(['maxmemory', 'min-replicas-to-write'])(
    'says that its quotes are old while Redis takes no updates for its %s, though it answers',
    { timeout: 60_000 },
    async (setting) => {
      const { owner, follower, reader } = await aPair();
      const client = server.client();
      await client.config('SET', setting, '1');
      onTestFinished(async () => {
        await client.config('SET', setting, '0');
        client.disconnect();
      });
      let price = 100;
      await until(() => {
        owner.tick('NSE:A1', { price: ++price });
        owner.flush();
        follower.checkFreshness();
        reader.read();
        expect(reader.quotes.get('NSE:A1')).toMatchObject({ price: 100, stale: true });
      });
      expect(reader.epoch).not.toBe('a-1');
      await client.config('SET', setting, '0');
      await until(() => {
        follower.checkFreshness();
        reader.read();
        expect(reader.quotes.get('NSE:A1')).toMatchObject({ price, stale: false });
        expectEqual(follower, owner);
      });
    },
  );

  it('goes on with the shards that Redis takes, and says of the others that their quotes are old', async () => {
    const { owner, follower, reader } = await aPair();
    const client = server.client();
    const log = `t${prefix}:{tw${shardOf('NSE:A1', SHARDS)}}:log`;
    await client.set(log, 'not a log');
    const statusOf = (id: string): string => follower.parts.freshness.now(follower.parts.lastValues.peek(id)!);
    let price = 100;
    await until(() => {
      for (const id of ['NSE:A1', 'NSE:B1']) owner.tick(id, { price: ++price });
      owner.flush();
      expect([statusOf('NSE:A1'), statusOf('NSE:B1')]).toEqual(['delayed', 'live']);
    });
    reader.read();
    expect(reader.epoch).toBe('a-1');
    expect(reader.others).toContainEqual(
      expect.objectContaining({ type: 'status', symbol: 'NSE:A1', state: 'delayed' }),
    );
    await client.del(log);
    client.disconnect();
    await until(() => {
      expectEqual(follower, owner);
      expect(statusOf('NSE:A1')).toBe('live');
    });
  });

  it('subscribes again where updates do not come though the connection is well', { timeout: 60_000 }, async () => {
    const made = vi.spyOn(RedisConnection.prototype, 'subscriber');
    const { owner, follower } = await aPair();
    const shard = `t${prefix}:market-data:updates:{tw${shardOf('NSE:A1', SHARDS)}}`;
    const [, , subscriber] = made.mock.results;
    made.mockRestore();
    await (subscriber as { value: RedisClient }).value.sunsubscribe(shard);
    const client = server.client();
    const listeners = async (): Promise<unknown> => (await client.call('PUBSUB', 'SHARDNUMSUB', shard)) as unknown;
    expect(await listeners()).toEqual([shard, 0]);
    let price = 100;
    await vi.waitFor(
      async () => {
        owner.tick('NSE:A1', { price: ++price });
        expect(await listeners()).toEqual([shard, 1]);
      },
      { timeout: 20_000, interval: 50 },
    );
    client.disconnect();
    await until(() => expectEqual(follower, owner));
  });

  it('publishes each position it takes over once, also when one comes while many are read', async () => {
    const ids = Array.from({ length: 40_000 }, (_, i) => `NSE:X${i}`)
      .filter((id) => shardOf(id, SHARDS) === 3)
      .slice(0, 600);
    const first = ids[0] as string;
    const owner = await aMember('a', ids);
    await owner.own(1);
    for (const id of ids) owner.tick(id, { price: 100, volume: 10 });
    owner.flush();
    const follower = await aMember('b', ids);
    const reader = new SequenceReader(ids);
    reader.come(follower.hub);
    await until(() => {
      reader.read();
      expect(Object.keys(reader.sequences)).toHaveLength(ids.length);
    });
    const read = follower.redis.commands.hmgetBuffer.bind(follower.redis.commands);
    let volume = 10;
    vi.spyOn(follower.redis.commands, 'hmgetBuffer').mockImplementation(async (...args) => {
      const found = await read(...args);
      if (args.length > 400) return found;
      owner.tick(first, { volume: ++volume });
      owner.flush();
      await sleep(40);
      return found;
    });
    const client = server.client();
    await client.client('KILL', 'TYPE', 'PUBSUB');
    client.disconnect();
    owner.tick(first, { price: 555 });
    owner.flush();
    await until(() => expect(volume).toBeGreaterThan(11));
    await until(() => {
      reader.read();
      expect(reader.sequences[first]).toBe(owner.position(first)?.sequence);
    });
    expect(reader.quotes.get(first)).toEqual(owner.position(first)?.quote);
  });

  it('calls a quote stale of which the owner knows nothing', async () => {
    const owner = await aMember('a');
    await owner.own(1);
    const follower = await aMember('b');
    new SequenceReader(IDS).come(follower.hub);
    const state = follower.parts.lastValues.peek('NSE:A1')!;
    state.restore({ ...state.quote(), price: 7, source: 'stream' }, Date.now() - 60_000, false);
    await until(() => expect(follower.isAttached).toBe(true));
    expect(follower.parts.freshness.now(state)).toBe('stale');
  });

  it('survives whatever somebody else publishes on its channels', async () => {
    const { owner, follower } = await aPair();
    const client = server.client();
    for (const bytes of [[], [1], [9, 1, 1], [1, 1, 1, 120, 5, 255, 255, 3], [2, 1, 1, 120, 5, 193]]) {
      const message = Buffer.from(bytes);
      await client.publish(`t${prefix}:tickwire:owner`, message);
      for (let shard = 0; shard < 32; shard++)
        await client.spublish(`t${prefix}:market-data:updates:{tw${shard}}`, message);
    }
    client.disconnect();
    owner.tick('NSE:A1', { price: 150 });
    await until(() => expect(follower.position('NSE:A1')?.quote.price).toBe(150));
    expectEqual(follower, owner);
  });

  it('waits for a price that a reader wants, and asks no vendor', async () => {
    const owner = await aMember('a');
    await owner.own(1);
    owner.parts.demand.subscribe(['NSE:A1']);
    owner.parts.supervisor.reconcile();
    const follower = await aMember('b');
    await until(() => expect(follower.isAttached).toBe(true));
    const state = follower.parts.lastValues.peek('NSE:A1')!;
    const refreshed = follower.values.refresh(state);
    follower.values.requested(state);
    owner.tick('NSE:A1', { price: 70 });
    expect(await refreshed).toBeUndefined();
    expect(state.quote().price).toBe(70);
    expect(follower.values.isCurrent(state)).toBe(true);
    expect(follower.feed.wanted).toEqual([]);
  });
});

describe('a takeover', () => {
  it('begins an epoch with all the values of before, and everybody follows', async () => {
    const { owner, follower, reader } = await aPair();
    const third = await aMember('c');
    const other = new SequenceReader(IDS);
    other.come(third.hub);
    await until(() => expectEqual(third, owner));
    owner.updates.stop();
    await follower.own(2);
    follower.tick('NSE:C1', { price: 300 });
    await until(() => {
      expect(third.position('NSE:C1')?.quote.price).toBe(300);
      expectEqual(third, follower);
    });
    for (const one of [reader, other]) one.read();
    expect(reader.epoch).toBe('b-2');
    expect(other.epoch).toBe('b-2');
    expect(reader.quotes).toEqual(other.quotes);
  });

  it('reads from Redis what this node has not followed', async () => {
    const owner = await aMember('a');
    await owner.own(1);
    owner.tick('NSE:D1', { price: 42, high: 43, volume: 7, eventTime: Date.now() });
    owner.flush();
    await stored('NSE:D1');
    owner.updates.stop();
    const next = await aMember('b');
    await next.own(2);
    expect(next.position('NSE:D1')).toMatchObject({
      epoch: 'b-2',
      sequence: 1,
      quote: { price: 42, high: 43, volume: 7 },
    });
    // a tick that says less than all must not cost what is known of the day
    next.tick('NSE:D1', { price: 42.5, eventTime: Date.now() + 1 });
    next.flush();
    expect(next.position('NSE:D1')?.quote).toMatchObject({ price: 42.5, high: 43, volume: 7 });
  });

  it('says of values that nobody confirms any more that they are old, to all nodes', async () => {
    const before = await aMember('a');
    await before.own(1);
    before.tick('NSE:A1', { price: 100, receivedAt: Date.now() - 3_600_000 });
    before.tick('NSE:B1', { price: 200 });
    before.flush();
    await stored('NSE:A1', 'NSE:B1');
    before.stop();
    const next = await aMember('b');
    const follower = await aMember('c');
    const reader = new SequenceReader(['NSE:A1', 'NSE:B1']);
    reader.come(follower.hub);
    await next.own(2);
    await until(() => {
      reader.read();
      expect(reader.quotes.get('NSE:A1')).toMatchObject({ price: 100, stale: true });
      expect(reader.quotes.get('NSE:B1')).toMatchObject({ price: 200, stale: true });
    });
    const statusOf = (id: string): string => follower.parts.freshness.now(follower.parts.lastValues.peek(id)!);
    await until(() => expect([statusOf('NSE:A1'), statusOf('NSE:B1')]).toEqual(['stale', 'delayed']));
  });

  it('moves no position of the owner before, however long it takes', async () => {
    const { follower } = await aPair();
    follower.checkFreshness();
    const before = follower.position('NSE:A1');
    server.pause();
    const taken = follower.own(2);
    follower.parts.lastValues.peek('NSE:A1')!.confirmedAt -= 11_000;
    follower.checkFreshness();
    follower.flush();
    expect(follower.position('NSE:A1')).toEqual(before);
    server.resume();
    await taken;
    follower.flush();
    expect(follower.position('NSE:A1')).toMatchObject({ epoch: 'b-2', quote: { price: 100, stale: true } });
  });

  it('takes what it can where one shard fails, and forgets what nobody has confirmed for weeks', async () => {
    const before = await aMember('a');
    await before.own(1);
    before.tick('NSE:A1', { price: 1 });
    before.tick('NSE:B1', { price: 2, receivedAt: Date.now() - 20 * 86_400_000 });
    before.tick('NSE:C1', { price: 3 });
    before.flush();
    await stored('NSE:A1', 'NSE:B1', 'NSE:C1');
    before.stop();
    const client = server.client();
    await client.del(keyOf('NSE:A1', 'fence'));
    await client.hset(keyOf('NSE:A1', 'fence'), 'not', 'a fence');
    const next = await aMember('b');
    await next.own(2);
    expect(next.position('NSE:A1')?.quote.price).toBe(1);
    expect(next.position('NSE:B1')).toBeUndefined();
    expect(next.position('NSE:C1')?.quote.price).toBe(3);
    await vi.waitFor(async () => expect(await client.hlen(keyOf('NSE:B1', 'last'))).toBe(0), 20_000);
    client.disconnect();
  });

  it('says nothing while the owner is not sure that it still is', async () => {
    const { owner, follower } = await aPair();
    const client = server.client();
    const heard: string[] = [];
    client.on('message', (channel: string) => heard.push(channel));
    client.on('smessage', (channel: string) => heard.push(channel));
    await client.subscribe(`t${prefix}:tickwire:owner`);
    await client.ssubscribe(`t${prefix}:market-data:updates:{tw${shardOf('NSE:A1', SHARDS)}}`);
    owner.state = 'unsure';
    // what it has said before comes before the answer to this
    await owner.redis.commands.ping();
    await client.ping();
    heard.length = 0;
    owner.parts.lastValues.peek('NSE:A1')!.confirmedAt -= 20_000;
    owner.parts.lastValues.peek('NSE:A1')!.doubt();
    owner.checkFreshness();
    await sleep(1200);
    expect(heard).toEqual([]);
    owner.state = 'owner';
    await until(() => expect(new Set(heard).size).toBe(2));
    client.disconnect();
    await until(() => expect(follower.parts.freshness.now(follower.parts.lastValues.peek('NSE:A1')!)).toBe('stale'));
  });

  it('shuts the owner before out, which learns of it', async () => {
    const { owner, follower } = await aPair();
    await follower.own(2);
    owner.tick('NSE:A1', { price: 1 });
    owner.flush();
    await until(() => expect(owner.steppedOver).toContain(2));
    owner.standBy();
    await sleep(50);
    expect(follower.position('NSE:A1')?.quote.price).toBe(100);
    const reader = new SequenceReader(IDS);
    reader.come(owner.hub);
    await until(() => expectEqual(owner, follower));
  });

  it('keeps the positions where the same owner goes on in its epoch', async () => {
    const { owner, follower, reader } = await aPair();
    owner.updates.end();
    await owner.own(2, { epoch: 'a-1', isNew: false });
    owner.tick('NSE:A1', { price: 111 });
    await until(() => expect(follower.position('NSE:A1')?.quote.price).toBe(111));
    expectEqual(follower, owner);
    reader.read();
    expect(reader.sequences['NSE:A1']).toBe(2);
    expect(reader.epoch).toBe('a-1');
  });
});

describe('a client that returns to another node', () => {
  it('gets what it has missed, each change once, though nobody there had wanted the symbol', async () => {
    const owner = await aMember('a');
    await owner.own(1);
    for (const id of IDS) owner.tick(id, { price: 100 });
    owner.flush();
    const follower = await aMember('b');
    await until(() => expect(follower.hub.epoch).toBe('a-1'));
    const reader = new SequenceReader(IDS);
    reader.come(owner.hub);
    reader.read();
    reader.leave();
    const client = server.client();
    for (let price = 101; price <= 105; price++) {
      owner.tick('NSE:A1', { price });
      owner.flush();
      // what Redis is too slow for is told as a whole
      await until(async () => expect(await client.xlen(keyOf('NSE:A1', 'log'))).toBe(price - 99));
    }
    client.disconnect();
    reader.types.length = 0;
    reader.come(follower.hub);
    reader.say('ping', {});
    expect(reader.types).toEqual([]);
    await until(() => {
      reader.read();
      expect(reader.sequences['NSE:A1']).toBe(6);
      expect(reader.types).toContain('pong');
    });
    expect(reader.types.slice(0, 3)).toEqual(['subscribed', 'batch_update', 'pong']);
    owner.tick('NSE:A1', { price: 106 });
    await until(() => {
      reader.read();
      expect(reader.sequences['NSE:A1']).toBe(7);
    });
    expect(reader.types).not.toContain('snapshot');
    expect(reader.quotes.get('NSE:A1')).toEqual(owner.position('NSE:A1')?.quote);
  });

  it('is waited for a quarter of a second at most, and costs no more than what it has missed', async () => {
    const { owner, follower } = await aPair();
    for (let price = 201; price <= 250; price++) {
      owner.tick('NSE:A1', { price });
      owner.flush();
      await sleep(4);
    }
    const late = await aMember('c');
    await until(() => expect(late.hub.epoch).toBe('a-1'));
    const client = late.hub.connect('x', new RecordingWire(), 'websocket', 'json');
    const plain = { mode: 'quote', compression: 'delta', batch: true } as const;
    const pages = vi.spyOn(late.redis.commands, 'xrevrangeBuffer');
    const recover = async (id: string, sequence: number): Promise<void> =>
      late.hub.recover(client, {
        ...plain,
        symbols: [id],
        resume: { epoch: 'a-1', sequences: { [id]: sequence } },
      });
    await recover('NSE:B1', 1);
    expect(pages).not.toHaveBeenCalled();
    await Promise.all(Array.from({ length: 20 }, () => recover('NSE:A1', 2)));
    expect(late.parts.replay.size).toBeLessThan(60);
    // a position nobody has ever published, of a symbol that moves all the time
    const moving = setInterval(() => {
      owner.tick('NSE:A1', { price: 100 + Math.round(Math.random() * 100) });
      owner.flush();
    }, 10);
    for (const [node, sequence] of [
      [follower, 1e12],
      [follower, 100],
    ] as const) {
      const arrivals = vi.spyOn(Arrivals.prototype, 'next');
      const other = node.hub.connect('y', new RecordingWire(), 'websocket', 'json');
      await node.hub.recover(other, {
        ...plain,
        symbols: ['NSE:A1'],
        resume: { epoch: 'a-1', sequences: { 'NSE:A1': sequence } },
      });
      const asked = arrivals.mock.calls.length;
      await sleep(100);
      expect(arrivals.mock.calls.length - asked).toBeLessThanOrEqual(1);
      arrivals.mockRestore();
    }
    clearInterval(moving);
  });

  it('gets snapshots where the log does not reach back', async () => {
    const { owner, follower, reader } = await aPair();
    reader.leave();
    const client = server.client();
    for (const price of [101, 102]) {
      owner.tick('NSE:A1', { price });
      owner.flush();
      await sleep(50);
    }
    const logs = await client.keys(`t${prefix}:*:log`);
    expect(await client.del(...logs)).toBe(4);
    client.disconnect();
    follower.parts.replay.clear();
    reader.types.length = 0;
    reader.come(follower.hub);
    await until(() => {
      reader.read();
      expect(reader.sequences['NSE:A1']).toBe(3);
    });
    expect(reader.types).toContain('snapshot');
  });
});

describe('every tick and the book', () => {
  it('reach the clients of a follower that need them', async () => {
    const owner = await aMember('a');
    await owner.own(1);
    owner.updates.needTicks(new Set(['NSE:A1']));
    const follower = await aMember('b');
    const reader = new SequenceReader(['NSE:A1'], { unconflated: true, mode: 'depth' });
    reader.come(follower.hub);
    const client = server.client();
    const channel = `t${prefix}:market-data:updates:{tw${shardOf('NSE:A1', SHARDS)}}`;
    await until(async () => {
      expect(follower.hub.epoch).toBe('a-1');
      expect(await client.call('PUBSUB', 'SHARDNUMSUB', channel)).toEqual([channel, 1]);
    });
    client.disconnect();
    const book = emptyBook();
    setLevel(book, 'bids', 0, 99, 5, 1);
    setLevel(book, 'asks', 0, 101, 6, NaN);
    for (const price of [100, 100.5, 100.25]) owner.tick('NSE:A1', { price, book, bid: 99, ask: 101 });
    owner.flush();
    await until(() => {
      reader.read();
      const ticks = reader.others.filter(({ type }) => type === 'tick_update');
      expect(ticks.map(({ data }) => (data as { price: number }).price)).toEqual([100, 100.5, 100.25]);
      const depth = reader.others.find(({ type }) => type === 'depth_snapshot');
      expect(depth?.['data']).toEqual({ bids: [{ price: 99, size: 5, orders: 1 }], asks: [{ price: 101, size: 6 }] });
    });
  });
});

type Step =
  | { do: 'tick'; id: string; price: number; field: 'price' | 'bid' | 'volume' }
  | { do: 'burst' | 'pause' | 'restart' | 'takeover' | 'renew' | 'come' | 'leave' | 'freshness' }
  | { do: 'wait'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      id: fc.constantFrom(...IDS),
      price: fc.integer({ min: 1, max: 1000 }),
      field: fc.constantFrom('price', 'bid', 'volume'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('burst', 'come', 'come', 'leave', 'freshness') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause', 'restart', 'takeover', 'renew') }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40 }) }) },
);

it(
  'keeps all nodes equal and no client with a hole or a repeat, whatever is published, killed and taken over',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        prefix++;
        const nodes = [await aMember('a'), await aMember('b'), await aMember('c')];
        let term = 1;
        let owner = nodes[0]!;
        let tenure = { epoch: 'a-1', isNew: true };
        await owner.own(term, tenure);
        const readers = nodes.map(() => new SequenceReader(IDS));
        readers.forEach((reader, i) => reader.come(nodes[i]!.hub));
        let turn = 0;
        for (const one of steps) {
          if (one.do === 'tick') owner.tick(one.id, { [one.field]: one.price });
          else if (one.do === 'wait') await sleep(one.ms);
          else if (one.do === 'burst') {
            for (let i = 0; i < 20; i++) {
              for (const id of IDS) owner.tick(id, { price: 1000 + ++turn });
              owner.flush();
            }
          } else if (one.do === 'come') readers[++turn % 3]!.come(nodes[(turn + 1) % 3]!.hub);
          else if (one.do === 'leave') readers[++turn % 3]!.leave();
          else if (one.do === 'freshness') for (const node of nodes) node.checkFreshness();
          else if (one.do === 'pause') {
            server.pause();
            await sleep(100);
            server.resume();
          } else if (one.do === 'restart') await server.restart();
          else if (one.do === 'renew') await owner.own(++term, { ...tenure, isNew: false });
          else {
            const before = owner;
            owner = nodes[++turn % 3]!;
            tenure = { epoch: `n${term + 1}`, isNew: true };
            if (before !== owner) before.standBy();
            await owner.own(++term, tenure);
          }
          for (const reader of readers) reader.read();
        }
        readers.forEach((reader, i) => reader.come(nodes[i]!.hub));
        owner.tick('NSE:A1', { price: 5000 });
        await until(() => {
          for (const reader of readers) reader.read();
          for (const node of nodes) expectEqual(node, owner);
          for (const reader of readers) {
            for (const id of IDS) {
              const known = owner.position(id);
              // what Redis lost before a takeover by a node that had not followed it is known again with its next tick
              if (known !== undefined) expect(reader.quotes.get(id)).toEqual(known.quote);
            }
          }
        });
        for (const node of nodes) node.stop();
        members = [];
      }),
      { numRuns: 12, endOnFailure: true, seed: 20_261_120 },
    );
  },
);
