import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CacheNode, type CacheNodeOptions, someInstruments } from '../support/cache-node.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinel.js';

const REDIS_TIMEOUT_MS = 3000;
const ids = someInstruments(50).map(({ id }) => id);

describe('The shared cache where Redis is several', { timeout: 120_000 }, () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function aNode(env: Record<string, string>, options?: CacheNodeOptions): Promise<CacheNode> {
    const node = new CacheNode(someInstruments(50), { REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS), ...env }, options);
    ends.push(() => node.close());
    expect(await node.redis.settled(20_000)).toBe(true);
    return node;
  }

  it('goes on from memory while sentinels make the replica master, and heals without a restart', async () => {
    const sentinels = await RedisSentinels.start();
    ends.push(() => sentinels.stop());
    const env = { REDIS_SENTINELS: sentinels.endpoints };
    const [writer, reader, watcher] = [await aNode(env), await aNode(env), await aNode(env, { l2TimeoutMs: 2000 })];
    writer.mirror.start();
    const subscriber = reader.redis.subscriber();
    subscriber.on('message', () => (heardAt = performance.now()));
    await vi.waitFor(() => subscriber.subscribe('news'), 20_000);
    let heardAt = performance.now();
    let sharedAt = performance.now();
    let [silence, withoutShared, slowest, reads] = [0, 0, 0, 0];

    /** A round of the load: prices on one node, a bulk read on the other, a message between them. */
    async function round(): Promise<void> {
      for (const id of ids) writer.tick({ instrument: id, price: 1 + (performance.now() % 1000) });
      writer.redis.commands.publish('news', 'x').catch(() => undefined);
      const started = performance.now();
      const { errors } = await reader.reader.read(ids);
      const now = performance.now();
      expect(errors).toEqual([]);
      reads++;
      slowest = Math.max(slowest, now - started);
      withoutShared = Math.max(withoutShared, now - sharedAt);
      const shared = [...(await watcher.cache.get(ids)).values()];
      if (shared.every(({ quote }) => quote !== undefined)) sharedAt = performance.now();
      silence = Math.max(silence, now - heardAt);
      for (const id of ids) reader.lastValues.peek(id)?.doubt();
      await sleep(5);
    }

    for (const until = performance.now() + 2000; performance.now() < until;) await round();
    const calm = `before: reads of 50 within ${slowest.toFixed(0)} ms`;
    [silence, withoutShared, slowest, reads] = [0, 0, 0, 0];
    await sentinels.master.kill();
    const killedAt = performance.now();
    const isHealed = (): boolean => Math.min(sharedAt, heardAt) > killedAt + 1000 && reader.redis.isUp;
    while (performance.now() < killedAt + 60_000 && !isHealed()) await round();
    for (const until = performance.now() + 500; performance.now() < until;) await round();
    expect(isHealed()).toBe(true);
    // no read waits for a command that Redis does not answer
    expect(slowest).toBeLessThan(REDIS_TIMEOUT_MS / 2);
    const promoted = sentinels.replica.client();
    ends.push(() => promoted.disconnect());
    expect(await promoted.role()).toContain('master');
    await vi.waitFor(async () => expect(await promoted.exists(`stock:quote:${ids[0]}`)).toBe(1), 20_000);
    process.stdout.write(
      `Sentinel failover (down after 1 s); ${calm}; after the kill ${reads} reads, none failed, slowest ` +
        `${slowest.toFixed(0)} ms; shared cache not used for ${withoutShared.toFixed(0)} ms, pub/sub silent for ${silence.toFixed(0)} ms\n`,
    );
  });

  it('reads, writes, mirrors and clears over all masters of a Cluster, and without one of them', async () => {
    const cluster = await RedisCluster.start();
    ends.push(() => cluster.stop());
    const env = { REDIS_CLUSTER: cluster.endpoints };
    const [writer, reader] = [await aNode(env), await aNode(env, { freshMs: 60_000, l2TimeoutMs: 2000 })];
    const clients = cluster.nodes.map((node) => node.client());
    for (const client of clients) client.on('error', () => undefined);
    ends.push(() => clients.forEach((client) => client.disconnect()));

    writer.mirror.start();
    for (const id of ids) writer.tick({ instrument: id, price: 10 });
    await vi.waitFor(() => expect(writer.mirror.stats.written).toBe(50), 20_000);
    const sizes = await Promise.all(clients.map((client) => client.dbsize()));
    expect(sizes.every((size) => size > 5)).toBe(true);
    // the first command to each master opens a connection
    const shared = async (): Promise<boolean> =>
      [...(await reader.cache.get(ids)).values()].every(({ quote }) => quote !== undefined);
    await vi.waitFor(async () => expect(await shared()).toBe(true), 20_000);
    const { quotes } = await reader.reader.read(ids);
    expect(quotes.map(({ layer }) => layer)).toEqual(ids.map(() => 'l2'));

    expect(await reader.cache.clear()).toBe(50);
    expect(await Promise.all(clients.map((client) => client.dbsize()))).toEqual([0, 0, 0]);

    await cluster.nodes[2]?.kill();
    const started = performance.now();
    const result = await reader.reader.refresh(ids);
    expect(result.errors).toEqual([]);
    for (const id of ids) reader.lastValues.peek(id)?.doubt();
    expect((await reader.reader.read(ids)).errors).toEqual([]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
