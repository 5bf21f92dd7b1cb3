import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type FeedStatus,
  InstrumentMaster,
  type RejectReason,
  silentLog,
  silentMeter,
  systemClock,
  type Tick,
} from '#domain';
import { OutsideChannels, OutsideErrors, OutsideKeys, PublisherConfig, PublisherFeed, PublisherTally } from '#fleet';
import { readEnv } from '#domain';
import type { OutsideError } from '#protocol';
import { RedisConfig, RedisConnection } from '#redis';
import { anInstrument } from '../support/instruments.js';
import { WHOLE_UPDATE } from '../support/published-update.js';
import { RawClient } from '../support/raw-client.js';
import { RedisServer } from '../support/redis-server.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const SILENCE_MS = 1500;
const keys = new OutsideKeys('t:');
const tcs = anInstrument({ id: 'NSE:TCS' });
const infy = anInstrument({ id: 'NSE:INFY' });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function aRedis(): Promise<RedisServer> {
  const server = await RedisServer.start();
  ends.push(() => server.stop());
  return server;
}

function aPublisher(server: RedisServer): Redis {
  const client = server.client();
  client.on('error', () => undefined);
  ends.push(() => client.disconnect());
  return client;
}

/** What publishers are told on a channel. */
async function told<T>(server: RedisServer, channel: string): Promise<T[]> {
  const heard: T[] = [];
  const client = aPublisher(server);
  client.on('message', (_channel, text) => heard.push(JSON.parse(text) as T));
  await client.subscribe(channel);
  return heard;
}

describe('The feed of publishers', () => {
  interface Bench {
    readonly server: RedisServer;
    readonly feed: PublisherFeed;
    readonly ticks: Tick[];
    readonly statuses: FeedStatus[];
    readonly errors: OutsideError[];
    publish(message: unknown): Promise<number>;
  }

  async function aBench(verdict: (tick: Tick) => RejectReason | undefined = () => undefined): Promise<Bench> {
    const server = await aRedis();
    const config = readEnv(RedisConfig, { REDIS_URL: server.url, REDIS_TIMEOUT_MS: '2000' });
    const redis = new RedisConnection(config, systemClock, silentLog);
    ends.push(() => redis.close());
    const channels = new OutsideChannels(redis, silentLog);
    const feed = new PublisherFeed(
      channels,
      keys.updates,
      new InstrumentMaster([tcs, infy]),
      new OutsideErrors(channels, keys.errors, systemClock, silentMeter),
      new PublisherTally(silentMeter),
      readEnv(PublisherConfig, { PUBLISHER_SILENCE_MS: String(SILENCE_MS) }),
      systemClock,
    );
    ends.push(() => feed.stop());
    const ticks: Tick[] = [];
    const statuses: FeedStatus[] = [];
    feed.start({
      tick: (tick) => {
        ticks.push(tick);
        return verdict(tick);
      },
      malformed: () => undefined,
      status: (status) => statuses.push(status),
    });
    expect(await redis.settled(20_000)).toBe(true);
    const publisher = aPublisher(server);
    const publish = (message: unknown): Promise<number> =>
      publisher.publish(keys.updates, typeof message === 'string' ? message : JSON.stringify(message));
    const errors = await told<OutsideError>(server, keys.errors);
    feed.want([tcs]);
    await until('a listener', () => feed.status().state === 'connecting');
    while ((await publish('[]')) === 0) await sleep(10);
    return { server, feed, ticks, statuses, errors, publish };
  }

  it('brings what is published of wanted symbols, alone or in a list, in every field', async () => {
    const { publish, ticks, feed } = await aBench();
    await publish({ symbol: 'NSE:INFY', price: 1 });
    await publish({ ...WHOLE_UPDATE, colour: 'red' });
    await publish([
      { symbol: 'NSE:TCS', price: 101, timestamp: 1_800_000_000_000 },
      { symbol: 'NSE:TCS', price: 102, bid: null },
    ]);
    await until('all of them', () => ticks.length === 3);
    expect(ticks[0]).toMatchObject({
      instrument: 'NSE:TCS',
      vendor: 'redis',
      price: 100,
      volume: 5,
      bid: 99,
      ask: 101,
      bidSize: 1,
      askSize: 2,
      lastSize: 3,
      open: 98,
      high: 102,
      low: 97,
      previousClose: 96,
      openInterest: 4,
      averagePrice: 99.5,
      eventTime: Date.parse('2026-11-20T03:45:00.123Z'),
    });
    expect(ticks[0]).not.toHaveProperty('colour');
    expect(ticks[1]).toMatchObject({ price: 101, eventTime: 1_800_000_000_000 });
    expect(ticks[2]).toMatchObject({ price: 102, eventTime: undefined, bid: undefined });
    expect(feed.status()).toMatchObject({ state: 'live', instruments: 1, unserved: 0 });
  });

  it('tells the publisher what was wrong with a message, and takes what was right in it', async () => {
    const { publish, errors, ticks } = await aBench(({ price }) => (price === 13 ? 'circuit' : undefined));
    await publish('{');
    await publish(`"${'x'.repeat(262_144)}"`);
    await publish(Array.from({ length: 501 }, () => ({ symbol: 'NSE:TCS', price: 1 })));
    await publish([
      { symbol: 'NSE:NOPE', price: 1, id: 'n', source: 'desk' },
      { price: 1 },
      { symbol: 'NSE:TCS', price: '7' },
      { symbol: 'NSE:TCS', price: 1, timestamp: 1_800_000_000 },
      { symbol: 'NSE:TCS', price: 1, timestamp: '2026-11-20T09:15:00' },
      'NSE:TCS',
      { symbol: 'NSE:TCS', price: 13, id: 'r' },
      { symbol: 'NSE:TCS', price: 14 },
    ]);
    await until('every error', () => errors.length === 10);
    expect(errors.map(({ code }) => code)).toEqual([
      'INVALID_MESSAGE',
      'MESSAGE_TOO_LARGE',
      'MESSAGE_TOO_LARGE',
      'INVALID_SYMBOL',
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
      'UPDATE_REFUSED',
    ]);
    expect(errors[1]?.sample).toHaveLength(200);
    expect(errors[3]).toMatchObject({ id: 'n', source: 'desk', channel: keys.updates, message: /NSE:NOPE/ as unknown });
    expect(errors[4]?.message).toMatch(/symbol/);
    expect(errors[5]?.message).toMatch(/price/);
    expect(errors[6]?.message).toMatch(/milliseconds/);
    expect(errors[7]?.message).toMatch(/zone/);
    expect(errors[9]).toMatchObject({ reason: 'circuit', id: 'r' });
    expect(ticks.map(({ price }) => price)).toEqual([13, 14]);
  });

  it('tells so many errors a second, and then how many it kept to itself', async () => {
    const { publish, errors } = await aBench();
    await publish(Array.from({ length: 400 }, () => ({})));
    await until('some errors', () => errors.length >= 50);
    await sleep(1100);
    expect(errors.length).toBeLessThan(150);
    await publish('{');
    await until('the next error', () => errors.at(-1)?.sample === '{');
    expect(errors.reduce((sum, { unreported = 0 }) => sum + unreported, errors.length - 1)).toBe(400);
  });

  it('gives up a symbol that is not published any more, or never was, and serves it when it is', async () => {
    const { publish, feed, statuses } = await aBench();
    await until('nobody publishes it', () => feed.unserved().has('NSE:TCS'));
    expect(feed.streamingSince('NSE:TCS')).toBeUndefined();
    await publish({ symbol: 'NSE:TCS', price: 1 });
    await until('the news', () => statuses.at(-1)?.state === 'live');
    expect(feed.unserved().has('NSE:TCS')).toBe(false);
    expect(feed.unserved().has('NSE:INFY')).toBe(true);
    const since = feed.streamingSince('NSE:TCS') as number;
    for (let price = 2; price <= 7; price++) {
      await sleep(SILENCE_MS / 5);
      await publish({ symbol: 'NSE:TCS', price });
    }
    expect(feed.streamingSince('NSE:TCS')).toBe(since);
    await until('silence', () => statuses.at(-1)?.state === 'stalled');
    expect(feed.unserved().has('NSE:TCS')).toBe(true);
    expect(feed.streamingSince('NSE:TCS')).toBeUndefined();
  });

  it('does not count what validation refuses as publishing', async () => {
    const { publish, feed } = await aBench(() => 'price');
    await publish({ symbol: 'NSE:TCS', price: 1 });
    await sleep(1200);
    await publish({ symbol: 'NSE:TCS', price: 1 });
    await until('silence', () => feed.unserved().has('NSE:TCS'));
    expect(feed.streamingSince('NSE:TCS')).toBeUndefined();
  });

  it('does not count updates that all come late as publishing, for the price they leave is frozen', async () => {
    const { publish, feed } = await aBench(({ price }) => (price === 1 ? undefined : 'late'));
    await publish({ symbol: 'NSE:TCS', price: 1 });
    await until('a stream', () => feed.streamingSince('NSE:TCS') !== undefined);
    const timer = setInterval(() => void publish({ symbol: 'NSE:TCS', price: 2 }).catch(() => undefined), 100);
    ends.push(() => clearInterval(timer));
    await until('silence', () => feed.unserved().has('NSE:TCS'));
    expect(feed.streamingSince('NSE:TCS')).toBeUndefined();
  });

  it('survives lists nested too deep to be written again, and goes on', async () => {
    const { publish, errors, ticks } = await aBench();
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    await publish(`[${deep},1]`);
    await publish(`[{"symbol":"NSE:TCS","price":1,"x":${deep}},1]`);
    await publish({ symbol: 'NSE:TCS', price: 2 });
    // What is refused comes back over Redis, what is taken does not: neither says that the other is there.
    await until('every error and the tick after them', () => errors.length === 4 && ticks.length > 0);
    expect(errors.map(({ code, sample }) => [code, sample])).toEqual([
      ['INVALID_MESSAGE', ''],
      ['INVALID_MESSAGE', '1'],
      ['INVALID_MESSAGE', ''],
      ['INVALID_MESSAGE', '1'],
    ]);
    expect(ticks.map(({ price }) => price)).toEqual([2]);
  });

  it('is down while Redis is away, and comes back by itself', async () => {
    const { server, publish, feed, ticks } = await aBench();
    await publish({ symbol: 'NSE:TCS', price: 1 });
    await until('a tick', () => ticks.length === 1);
    await server.kill();
    await until('the loss', () => feed.status().state === 'down');
    expect(feed.streamingSince('NSE:TCS')).toBeUndefined();
    await server.restart();
    await until('a listener', () => feed.status().state === 'connecting');
    const publisher = aPublisher(server);
    while ((await publisher.publish(keys.updates, '[]')) === 0) await sleep(10);
    await publisher.publish(keys.updates, JSON.stringify({ symbol: 'NSE:TCS', price: 2 }));
    await until('the next tick', () => ticks.length === 2);
  });

  it('does not listen before something is wanted', async () => {
    const { server, feed } = await aBench();
    const publisher = aPublisher(server);
    await feed.stop();
    await vi.waitFor(async () => expect(await publisher.publish(keys.updates, '{}')).toBe(0), 20_000);
    expect(feed.status().state).toBe('idle');
  });
});

describe('The channels of programs outside', () => {
  it('outlive whatever a message does to who hears it', async () => {
    const server = await aRedis();
    const redis = new RedisConnection(readEnv(RedisConfig, { REDIS_URL: server.url }), systemClock, silentLog);
    ends.push(() => redis.close());
    const logged: unknown[] = [];
    const channels = new OutsideChannels(redis, { ...silentLog, error: (fields) => logged.push(fields) });
    ends.push(() => channels.stop());
    const heard: string[] = [];
    channels.listen('c', {
      heard(text) {
        heard.push(text);
        if (text === 'bad') throw new Error('no good');
      },
    });
    const publisher = aPublisher(server);
    while ((await publisher.publish('c', 'bad')) === 0) await sleep(10);
    await publisher.publish('c', 'good');
    await until('the next message', () => heard.includes('good'));
    expect(logged).toEqual([{ channel: 'c', error: 'Error: no good' }]);
  });
});

describe('A server with publishers', () => {
  async function aServer(
    vendors: string,
    silenceMs: number,
  ): Promise<{ product: Product; server: RedisServer; publisher: Redis }> {
    const server = await aRedis();
    const env = { REDIS_URL: server.url, KEY_PREFIX: 't:', VENDORS: vendors, PUBLISHER_SILENCE_MS: String(silenceMs) };
    const product = await aProduct(env);
    ends.push(() => product.stop());
    return { product, server, publisher: aPublisher(server) };
  }

  it('serves what is published, and says on the error channel what it does not believe', async () => {
    const { product, server, publisher } = await aServer('redis', 20_000);
    const errors = await told<OutsideError>(server, keys.errors);
    const client = await RawClient.connect(product.wsUrl);
    ends.push(() => client.close());
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    await client.next('subscribed');
    while ((await publisher.publish(keys.updates, '[]')) === 0) await sleep(10);
    await publisher.publish(keys.updates, JSON.stringify({ symbol: 'NSE:TCS', price: 3000, previousClose: 2990 }));
    expect(await client.next('snapshot')).toMatchObject({ data: { price: 3000, change: 10, source: 'redis' } });
    await publisher.publish(keys.updates, JSON.stringify({ symbol: 'NSE:TCS', price: 9000, source: 'desk', id: '1' }));
    await until('the error', () => errors.length === 1);
    expect(errors[0]).toMatchObject({ code: 'UPDATE_REFUSED', reason: 'circuit', source: 'desk', id: '1' });
    const { body } = await product.get('/metrics');
    expect(body['text']).toMatch(/tickwire_publisher_updates_total\{publisher="desk",outcome="refused"\} 1/);
    await publisher.publish(keys.updates, JSON.stringify({ symbol: 'NSE:TCS', price: 3001 }));
    await until('the next price', () => product.quote('NSE:TCS')?.price === 3001);
    const quote = await product.get('/api/v1/quotes/NSE:TCS');
    expect(quote.body).toMatchObject({ price: 3001, status: 'live', source: 'redis' });
  });

  it('takes a publisher that is preferred once it is steady, and the next vendor when it falls silent', async () => {
    const { product, publisher } = await aServer('redis,json', 1500);
    const client = await RawClient.connect(product.wsUrl);
    ends.push(() => client.close());
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    await until('a quote of the vendor', () => product.quote('NSE:TCS')?.source === 'json');
    const price = product.quote('NSE:TCS')?.price as number;
    let turn = 0;
    const timer = setInterval(() => {
      const update = { symbol: 'NSE:TCS', price: price + (turn++ % 2) };
      publisher.publish(keys.updates, JSON.stringify(update)).catch(() => undefined);
    }, 100);
    ends.push(() => clearInterval(timer));
    await until('a quote of the publisher', () => product.quote('NSE:TCS')?.source === 'redis');
    clearInterval(timer);
    await until('the vendor again', () => product.quote('NSE:TCS')?.source === 'json');
  });

  it('refuses to start with publishers preferred and no Redis', async () => {
    await expect(aProduct({ VENDORS: 'redis' })).rejects.toThrow(/REDIS_URL/);
  });
});
