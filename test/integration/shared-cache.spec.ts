import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CachedAnswer, restore, seal } from '#cache';
import { silentLog, systemClock } from '#domain';
import { CacheNode, type CacheNodeOptions, someInstruments } from '../support/cache-node.js';
import { RedisServer } from '../support/redis-server.js';

const ids = someInstruments(60).map(({ id }) => id);
const [first = '', second = ''] = ids;
/** As patient as a slow machine needs; where time is the point the test says how long. */
const PATIENT = { l2TimeoutMs: 5000, freshMs: 20_000, failureTtlMs: 20_000 };
const REDIS_TIMEOUT_MS = 3000;
const key = (id: string): string => `stock:quote:${id}`;

describe('The shared cache', () => {
  let server: RedisServer;
  let raw: Redis;
  const nodes: CacheNode[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
    raw = server.client();
    raw.on('error', () => undefined);
  });

  afterEach(async () => {
    for (const node of nodes.splice(0)) node.close();
    raw.disconnect();
    await server.stop();
  });

  async function aNode(options: CacheNodeOptions = {}): Promise<CacheNode> {
    const env = { REDIS_URL: server.url, REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS) };
    const node = new CacheNode(someInstruments(60), env, { ...PATIENT, ...options });
    nodes.push(node);
    expect(await node.redis.settled(20_000)).toBe(true);
    return node;
  }

  async function plant(id: string, answer: Partial<CachedAnswer>): Promise<void> {
    await raw.set(key(id), JSON.stringify({ value: seal(answer as CachedAnswer) }));
  }

  function quoteOf(id: string, price: number): CachedAnswer {
    const quote = { symbol: id, companyName: 'Planted', price, source: 'other', stale: false };
    return { kind: 'quote', quote, at: systemClock.now(), halted: false };
  }

  it('keeps a quote fetched from a vendor under its key, in an envelope with its end, for five minutes', async () => {
    const node = await aNode({ keyPrefix: 'tw:' });
    await node.reader.read([first]);
    await vi.waitFor(async () => expect(await raw.exists(`tw:${key(first)}`)).toBe(1), 20_000);
    const stored = JSON.parse((await raw.get(`tw:${key(first)}`)) ?? '') as Record<string, unknown>;
    expect(stored).toEqual({ value: expect.objectContaining({ v: 1, kind: 'quote' }), expires: expect.any(Number) });
    expect(stored['value']).toMatchObject({ quote: { symbol: first, price: 100 }, at: expect.any(Number) });
    const left = await raw.pttl(`tw:${key(first)}`);
    expect(left).toBeGreaterThan(250_000);
    expect(left).toBeLessThanOrEqual(300_000);
  });

  it('answers a reader of another node with the age of the value, without a vendor call', async () => {
    const [a, b] = [await aNode(), await aNode()];
    await a.reader.read([first]);
    await vi.waitFor(async () => expect(await raw.exists(key(first))).toBe(1), 20_000);
    await sleep(20);
    const { quotes } = await b.reader.read([first]);
    expect(quotes).toEqual([
      { layer: 'l2', status: 'live', age: expect.any(Number), quote: expect.objectContaining({ price: 100 }) },
    ]);
    expect(quotes[0]?.age).toBeGreaterThanOrEqual(15);
    expect(b.vendors.asked).toEqual([]);
  });

  it('reads many symbols with one command', async () => {
    const [a, b] = [await aNode(), await aNode()];
    for (const id of ids) await a.cache.set(id, quoteOf(id, 7));
    await raw.config('RESETSTAT');
    const { quotes } = await b.reader.read(ids);
    expect(quotes.map(({ layer }) => layer)).toEqual(ids.map(() => 'l2'));
    const commands = await raw.info('commandstats');
    expect(commands).toMatch(/cmdstat_mget:calls=1,/);
    expect(commands).not.toMatch(/cmdstat_get:/);
  });

  it('prefers memory when that is newer, and asks a vendor when what is shared is old or marked stale', async () => {
    const node = await aNode({ freshMs: 50 });
    await plant(first, { ...quoteOf(first, 1), at: systemClock.now() - 10_000 });
    await plant(second, { ...quoteOf(second, 2), quote: { ...quoteOf(second, 2), stale: true } } as never);
    expect((await node.reader.read([first, second])).quotes.map(({ layer }) => layer)).toEqual(['l3', 'l3']);
    await sleep(60);
    node.vendors.price = undefined;
    await plant(first, { ...quoteOf(first, 1), at: systemClock.now() - 20_000 });
    const { quotes } = await node.reader.read([first]);
    expect(quotes[0]).toMatchObject({ layer: 'l4', quote: { price: 100, stale: true } });
  });

  it('gives what is shared, marked stale, when nobody else has a value', async () => {
    const node = await aNode();
    node.vendors.price = undefined;
    await plant(first, { ...quoteOf(first, 42), at: systemClock.now() - 30_000 });
    const { quotes } = await node.reader.read([first]);
    expect(quotes[0]).toMatchObject({ layer: 'l4', status: 'delayed', quote: { price: 42, stale: true } });
    expect(quotes[0]?.age).toBeGreaterThanOrEqual(30_000);
  });

  it('remembers a failure for all nodes, briefly, and keeps the last good value beside it', async () => {
    const [a, b] = [await aNode(), await aNode()];
    a.vendors.price = b.vendors.price = undefined;
    await plant(first, { ...quoteOf(first, 42), at: systemClock.now() - 30_000 });
    await a.reader.read([first, second]);
    await vi.waitFor(async () => expect(await raw.exists(`stock:failure:${second}`)).toBe(1), 20_000);
    expect(await raw.pttl(`stock:failure:${second}`)).toBeLessThanOrEqual(PATIENT.failureTtlMs);
    const { quotes, errors } = await b.reader.read([first, second]);
    expect(quotes).toMatchObject([{ layer: 'l4', quote: { price: 42 } }]);
    expect(errors).toEqual([{ symbol: second, code: 'SOURCE_FAILED', message: expect.any(String) }]);
    expect(b.vendors.asked).toEqual([]);
    expect(a.cache.negativeEntries).toBe(2);
  });

  it('drops corrupt entries, counts them by reason, and fetches again', async () => {
    const node = await aNode();
    await raw.mset(
      key(ids[0]!),
      'garbage',
      key(ids[1]!),
      '{"value":{"v":9}}',
      key(ids[2]!),
      '{"value":{"v":1,"sum":1}}',
    );
    await plant(ids[3]!, { ...quoteOf(ids[3]!, 5), at: 'soon' } as never);
    await plant(ids[4]!, quoteOf(ids[4]!, 6));
    const { quotes } = await node.reader.read(ids.slice(0, 5));
    expect(quotes.map(({ layer }) => layer)).toEqual(['l3', 'l3', 'l3', 'l3', 'l2']);
    expect(node.cache.sharedStats).toMatchObject({
      hits: 1,
      corrupt: { unreadable: 1, version: 1, checksum: 1, shape: 1 },
      errors: 0,
    });
    await vi.waitFor(async () => {
      const values = await raw.mget(ids.slice(0, 4).map(key));
      for (const value of values) expect(value).toContain('"price":100');
    }, 20_000);
  });

  it('drops an entry nested too deep to be checked, and uses those read with it', async () => {
    const node = await aNode();
    await raw.set(key(first), `{"value":{"v":1,"sum":1,"x":${'['.repeat(8000)}${']'.repeat(8000)}}}`);
    await plant(second, quoteOf(second, 6));
    const { quotes } = await node.reader.read([first, second]);
    expect(quotes.map(({ layer }) => layer)).toEqual(['l3', 'l2']);
    expect(node.cache.sharedStats).toMatchObject({ hits: 1, corrupt: { unreadable: 1 }, errors: 0 });
    await vi.waitFor(async () => expect(await raw.get(key(first))).toContain('"price":100'), 20_000);
  });

  it('does not believe what was confirmed in the future: it would be fresh until then', async () => {
    const node = await aNode();
    await plant(first, { ...quoteOf(first, 1), at: systemClock.now() + 60_000 });
    await plant(second, { ...quoteOf(second, 2), at: systemClock.now() + 500 });
    expect(await restore([first], node.lastValues, node.cache)).toEqual([]);
    const { quotes } = await node.reader.read([first, second]);
    expect(quotes.map(({ layer }) => layer)).toEqual(['l3', 'l2']);
    expect(quotes[1]?.age).toBeGreaterThanOrEqual(0);
  });

  it('marks what is shared of a symbol whose prices an operator holds back', async () => {
    const node = await aNode();
    node.vendors.held.add(first);
    node.vendors.price = undefined;
    await plant(first, quoteOf(first, 1));
    const { quotes } = await node.reader.read([first]);
    expect(quotes).toMatchObject([{ layer: 'l4', status: 'delayed', quote: { price: 1, stale: true } }]);
  });

  it('remembers a failure for as long as it is told to, also longer than a quote is fresh', async () => {
    const node = await aNode({ freshMs: 50 });
    node.vendors.price = undefined;
    await node.reader.read([first]);
    await sleep(100);
    await node.reader.read([first]);
    expect(node.vendors.asked).toEqual([first]);
  });

  it('runs no code that an entry brings along', async () => {
    const node = await aNode();
    const evil = '_function_f|() => { globalThis.pwned = true; }';
    await raw.set(key(first), JSON.stringify(evil));
    await raw.set(key(second), JSON.stringify({ value: { '_constructor-name_': 'X', f: evil } }));
    const { quotes } = await node.reader.read([first, second]);
    expect(quotes.map(({ layer }) => layer)).toEqual(['l3', 'l3']);
    expect('pwned' in globalThis).toBe(false);
  });

  it('asks one vendor call for readers who miss the same symbol at once', async () => {
    const node = await aNode();
    await Promise.all(Array.from({ length: 20 }, () => node.reader.read([first, second])));
    expect(node.vendors.asked).toEqual([first, second]);
  });

  it('forgets a symbol in all tiers when told to, so that its next read asks a vendor', async () => {
    const node = await aNode();
    await node.reader.read([first]);
    await vi.waitFor(async () => expect(await raw.exists(key(first))).toBe(1), 20_000);
    expect((await node.reader.read([first])).quotes[0]?.layer).toBe('l1');
    node.vendors.price = 101;
    await node.reader.invalidate(first);
    expect(await raw.exists(key(first))).toBe(0);
    expect((await node.reader.read([first])).quotes[0]).toMatchObject({ layer: 'l3', quote: { price: 101 } });
    expect((await node.reader.read([first])).quotes[0]?.layer).toBe('l1');
  });

  it('forgets all of ours and nothing else', async () => {
    const node = await aNode({ keyPrefix: 'a*[b]' });
    for (const id of ids) await node.cache.set(id, quoteOf(id, 3));
    await node.cache.set(first, { kind: 'failure', code: 'SOURCE_FAILED', message: 'x', at: 1 });
    await raw.mset('stock:quote:NSE:X', '1', 'axb]stock:quote:NSE:X', '1', 'a*[b]other', '1');
    expect(await node.cache.clear()).toBe(61);
    expect((await raw.keys('*')).toSorted()).toEqual(['a*[b]other', 'axb]stock:quote:NSE:X', 'stock:quote:NSE:X']);
  });

  it('mirrors last values: the newest of each symbol, once an interval, with its TTL', async () => {
    const node = await aNode({ mirrorMs: 200 });
    node.mirror.start();
    for (let price = 1; price <= 50; price++) for (const id of ids) node.tick({ instrument: id, price });
    expect(node.mirror.stats).toMatchObject({ pending: 60, written: 0 });
    await vi.waitFor(() => expect(node.mirror.stats).toMatchObject({ pending: 0, written: 60, failed: 0 }), 20_000);
    expect(JSON.parse((await raw.get(key(first))) ?? '')).toMatchObject({ value: { quote: { price: 50 } } });
    expect(await raw.pttl(key(first))).toBeGreaterThan(250_000);
    expect(node.mirror.stats.lagMs).toBeGreaterThanOrEqual(100);
  });

  it('writes nothing while another node of the fleet is the one that writes', async () => {
    const node = await aNode();
    let isWriter = false;
    node.mirror.writesWhile(() => isWriter);
    node.mirror.start();
    node.tick({ instrument: first, price: 5 });
    await vi.waitFor(() => expect(node.mirror.stats.pending).toBe(0), 20_000);
    expect(await raw.dbsize()).toBe(0);
    isWriter = true;
    node.tick({ instrument: second, price: 6 });
    await vi.waitFor(async () => expect(await raw.exists(key(second))).toBe(1), 20_000);
  });

  it('writes what is noted before it stops, and waits only for a moment when Redis does not answer', async () => {
    const node = await aNode({ mirrorMs: 60_000 });
    node.mirror.start();
    node.tick({ instrument: first, price: 5 });
    await node.mirror.stop();
    expect(JSON.parse((await raw.get(key(first))) ?? '')).toMatchObject({ value: { quote: { price: 5 } } });
    const stuck = await aNode({ mirrorMs: 60_000 });
    stuck.mirror.start();
    stuck.tick({ instrument: first, price: 6 });
    server.pause();
    const began = performance.now();
    await stuck.mirror.stop();
    // a second by itself, where Redis would never answer
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('takes first values from Redis, stale until a vendor confirms them, never over newer ones', async () => {
    const a = await aNode();
    a.mirror.start();
    for (const id of ids) a.tick({ instrument: id, price: 10, previousClose: 8, volume: 1000 });
    await vi.waitFor(() => expect(a.mirror.stats.written).toBe(60), 20_000);
    const b = await aNode();
    b.tick({ instrument: first, price: 11 });
    const restored = await restore(ids, b.lastValues, b.cache);
    expect(restored).toHaveLength(59);
    expect(b.lastValues.peek(first)?.quote()).toMatchObject({ price: 11, stale: false });
    const state = b.lastValues.peek(second)!;
    expect(state.quote()).toEqual({ ...a.lastValues.peek(second)?.quote(), stale: true });
    expect(state.confirmedAt).toBe(a.lastValues.peek(second)?.confirmedAt);
    expect((await b.reader.read([second])).quotes[0]).toMatchObject({
      layer: 'l3',
      quote: { price: 100, stale: false },
    });
  });

  describe('while Redis is in trouble', () => {
    function aLog(): { readonly lines: string[]; readonly log: typeof silentLog } {
      const lines: string[] = [];
      const note = (_fields: object, message: string): void => void lines.push(message);
      return { lines, log: { debug: () => undefined, info: note, warn: note, error: note } };
    }

    /** As soon as a reader does not wait any more, and what a command waits at most. */
    const impatient = { l2TimeoutMs: 50 };
    /** Well below one wait for a command. */
    const UNHINDERED_MS = REDIS_TIMEOUT_MS / 2;

    const after = (ms: number): (() => boolean) => {
      const end = performance.now() + ms;
      return () => performance.now() >= end;
    };

    /** Reads and ticks all the time, until `isOver`. @returns the longest read, ms */
    async function load(node: CacheNode, isOver: () => boolean): Promise<number> {
      let longest = 0;
      for (const isLate = after(20_000); !isOver();) {
        if (isLate()) throw new Error('the load never came to its end');
        for (const id of ids) node.tick({ instrument: id, price: 1 + (performance.now() % 1000) });
        for (const id of ids) node.lastValues.peek(id)?.doubt();
        const started = performance.now();
        const { errors } = await node.reader.read(ids);
        longest = Math.max(longest, performance.now() - started);
        expect(errors).toEqual([]);
        await sleep(5);
      }
      return longest;
    }

    it('killed and back: reads go on, three lines are logged, and all values are written again', async () => {
      const { lines, log } = aLog();
      const node = await aNode({ log, ...impatient });
      node.mirror.start();
      await load(node, after(200));
      await server.kill();
      expect(await load(node, after(1000))).toBeLessThan(UNHINDERED_MS);
      await server.restart();
      await vi.waitFor(() => expect(node.redis.isUp).toBe(true), 20_000);
      await node.reader.refresh(ids);
      await vi.waitFor(async () => expect(await raw.dbsize()).toBe(60), 20_000);
      const told = lines.filter((line) => !line.includes('last values'));
      expect(told).toEqual(['Redis answers', 'Redis is away; going on from memory', 'Redis answers']);
      expect(lines.length).toBeLessThanOrEqual(5);
    });

    it('paused: one read waits 50 ms, the others not at all, until it is noticed', async () => {
      const { lines, log } = aLog();
      const node = await aNode({ log, ...impatient });
      node.mirror.start();
      await load(node, after(100));
      server.pause();
      const paused = performance.now();
      expect(await load(node, () => !node.redis.isUp)).toBeLessThan(UNHINDERED_MS);
      const seconds = (performance.now() - paused) / 1000;
      server.resume();
      await vi.waitFor(() => expect(node.redis.isUp).toBe(true), 20_000);
      await load(node, after(100));
      expect(lines.length).toBeLessThanOrEqual(5);
      // whoever is late is left alone for a second: at most one reader in it waits, or one that writes all it has read
      expect(node.cache.sharedStats?.errors).toBeLessThanOrEqual((1 + seconds) * (1 + ids.length));
    });

    it('full: reads go on, and the refusal is logged once', async () => {
      const { lines, log } = aLog();
      const node = await aNode({ log });
      await raw.config('SET', 'maxmemory-policy', 'noeviction');
      await raw.config('SET', 'maxmemory', '1mb');
      node.mirror.start();
      await load(node, () => node.mirror.stats.failed > 0 && (node.cache.sharedStats?.errors ?? 0) > 0);
      expect(node.mirror.stats.pending).toBeLessThanOrEqual(60);
      expect(lines).toEqual(['Redis answers', 'Redis does not take last values']);
      await raw.config('SET', 'maxmemory', '0');
      await node.reader.refresh(ids);
      await vi.waitFor(() => expect(lines.at(-1)).toBe('Redis takes last values again'), 20_000);
    });
  });
});
