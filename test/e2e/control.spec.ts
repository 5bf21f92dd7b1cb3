import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ownership } from '#fleet';
import { RawClient } from '../support/raw-client.js';
import { RedisServer } from '../support/redis-server.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

type Json = Record<string, unknown>;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function aServer(env: Record<string, string> = {}): Promise<Product> {
  const product = await aProduct({ VENDORS: 'json', ...env });
  ends.push(() => product.stop());
  return product;
}

interface Bench {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly env: Record<string, string>;
}

async function aRedis(): Promise<Bench> {
  const server = await RedisServer.start();
  ends.push(() => server.stop());
  const redis = aClient(server);
  return { server, redis, env: { REDIS_URL: server.url, KEY_PREFIX: 't:' } };
}

function aClient(server: RedisServer): Redis {
  const client = server.client();
  client.on('error', () => undefined);
  ends.push(() => client.disconnect());
  return client;
}

/** Two nodes of one fleet. */
async function twoNodes(env: Record<string, string>): Promise<{ owner: Product; edge: Product }> {
  const owner = await aServer(env);
  await until('an owner', () => owner.server.app.get(Ownership).state === 'owner');
  return { owner, edge: await aServer({ ...env, ROLE: 'edge' }) };
}

async function told(server: RedisServer, channel: string): Promise<Json[]> {
  const heard: Json[] = [];
  const client = aClient(server);
  client.on('message', (_channel, text) => heard.push(JSON.parse(text) as Json));
  await client.subscribe(channel);
  return heard;
}

async function post({ url }: Product, path: string, body: unknown): Promise<{ status: number; body: Json }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Json };
}

const WITHIN_MS = 20_000;
const paused = async (product: Product): Promise<Json> => (await product.get('/api/v1/control')).body;

async function subscriber(product: Product, ...symbols: string[]): Promise<RawClient> {
  const client = await RawClient.connect(product.wsUrl);
  ends.push(() => client.close());
  client.send({ action: 'subscribe', symbols });
  await client.next('subscribed');
  return client;
}

async function stockClient({ url }: Product): Promise<{ socket: Socket; heard: [string, Json][]; id: string }> {
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
  ends.push(() => socket.disconnect());
  const heard: [string, Json][] = [];
  socket.onAny((type: string, payload: Json) => heard.push([type, payload]));
  await until('a greeting', () => heard.length > 0);
  return { socket, heard, id: heard[0]?.[1]['clientId'] as string };
}

describe('An operator of a server without Redis', () => {
  it('stops the prices of a symbol, which is delayed at once, and lets them in again', async () => {
    const product = await aServer();
    const client = await subscriber(product, 'NSE:TCS', 'NSE:INFY');
    await client.next('price_update', ({ symbol }) => symbol === 'NSE:TCS');
    const order = { action: 'pause', symbols: ['NSE:TCS'] };
    expect(await post(product, 'control', order)).toMatchObject({ status: 200, body: order });
    expect(await client.next('status')).toMatchObject({ symbol: 'NSE:TCS', state: 'delayed' });
    expect(await paused(product)).toEqual({ all: false, symbols: ['NSE:TCS'] });
    await client.next('price_update', ({ symbol, data }) => symbol === 'NSE:TCS' && (data as Json)['stale'] === true);
    const { price } = product.quote('NSE:TCS') ?? {};
    const other = product.sequence('NSE:INFY');
    await until('prices of another symbol', () => product.sequence('NSE:INFY') > other + 3);
    expect(product.quote('NSE:TCS')?.price).toBe(price);
    await sleep(2100);
    const quote = await product.get('/api/v1/quotes/NSE:TCS');
    expect(quote.body).toMatchObject({ price, status: 'delayed', stale: true });
    const metrics = (await product.get('/metrics')).body['text'];
    expect(metrics).toMatch(/ticks_rejected_total\{vendor="json",reason="paused"\} [1-9]/);

    await post(product, 'control', { action: 'resume', symbols: ['NSE:TCS'] });
    expect(await client.next('status')).toMatchObject({ symbol: 'NSE:TCS', state: 'live' });
    await until('its price', () => product.quote('NSE:TCS')?.price !== price);
    expect(await paused(product)).toEqual({ all: false, symbols: [] });
  });

  it('is not shown a price of before the pause as live when it is over', async () => {
    const product = await aServer();
    const client = await subscriber(product, 'NSE:TCS');
    await client.next('price_update');
    await post(product, 'control', { action: 'pause', symbols: ['NSE:TCS'] });
    await client.next('status', ({ state }) => state === 'delayed');
    product.sandbox.setFault({ target: 'json', kind: 'stall' });
    await post(product, 'control', { action: 'resume', symbols: ['NSE:TCS'] });
    await sleep(300);
    expect((await product.get('/api/v1/quotes/NSE:TCS')).body).toMatchObject({ stale: true });
  });

  it('pauses everything, later symbols too, until everything is resumed', async () => {
    const product = await aServer();
    expect(await post(product, 'control', { action: 'pause', symbols: 'all' })).toMatchObject({ status: 200 });
    const client = await subscriber(product, 'NSE:TCS');
    expect(await paused(product)).toEqual({ all: true, symbols: [] });
    expect(await post(product, 'control', { action: 'resume', symbols: ['NSE:TCS'] })).toMatchObject({ status: 400 });
    await sleep(300);
    expect(product.sequence('NSE:TCS')).toBe(0);
    await post(product, 'control', { action: 'resume', symbols: 'all' });
    await client.next('snapshot');
  });

  it('has a vendor asked now, however lately it was', async () => {
    const product = await aServer({ VENDORS: 'bse', REFRESH_NORMAL_MS: '60000' });
    const client = await subscriber(product, 'BSE:500325');
    await client.next('snapshot');
    const calls = async (): Promise<number> =>
      Number(
        /vendor_calls_total\{vendor="bse",outcome="ok"\} (\d+)/.exec(
          String((await product.get('/metrics')).body['text']),
        )?.[1],
      );
    const before = await calls();
    expect(await post(product, 'control', { action: 'refresh', symbols: ['BSE:500325'] })).toMatchObject({
      status: 200,
    });
    await vi.waitFor(async () => expect(await calls()).toBeGreaterThan(before), WITHIN_MS);
    const { body } = await post(product, 'control', { action: 'refresh', symbols: ['NSE:TCS'] });
    expect(body).toMatchObject({ unasked: ['NSE:TCS'] });
  });

  it.each([
    [{ action: 'pause', symbols: ['NSE:NOPE'] }, 404],
    [{ action: 'stop', symbols: ['NSE:TCS'] }, 400],
    [{ action: 'pause' }, 400],
    [{ action: 'pause', symbols: ['all', 'NSE:TCS'] }, 400],
    [{ action: 'pause', symbols: 'NSE:TCS' }, 400],
  ])('is told that %j is wrong', async (order, status) => {
    const product = await aServer();
    expect(await post(product, 'control', order)).toMatchObject({ status });
    expect(await paused(product)).toEqual({ all: false, symbols: [] });
  });

  it("needs an operator's credential where one is asked for", async () => {
    const product = await aServer({ ADMIN_ACCESS: 'token', JWT_SECRET: 'x'.repeat(32) });
    for (const path of ['control', 'notices', 'clients/disconnect'])
      expect(await post(product, path, {})).toMatchObject({ status: 401 });
    expect((await product.get('/api/v1/control')).status).toBe(401);
  });

  it('tells every client something, and ends one', async () => {
    const product = await aServer();
    const raw = await subscriber(product, 'NSE:TCS');
    const clientId = raw.messages.find(({ type }) => type === 'connected')?.['clientId'];
    const stock = await stockClient(product);
    expect(await post(product, 'notices', { message: 'soon' })).toMatchObject({ status: 200, body: { clients: 2 } });
    expect(await raw.next('notice')).toMatchObject({ message: 'soon', level: 'info' });
    await until('the notice', () => stock.heard.some(([type]) => type === 'notice'));
    expect(await post(product, 'notices', { message: '', level: 'x' })).toMatchObject({ status: 400 });
    expect(await post(product, 'clients/disconnect', {})).toMatchObject({ status: 400 });
    expect(await post(product, 'clients/disconnect', { clientId })).toMatchObject({ body: { ended: 1 } });
    await until('the end', () => raw.closed !== undefined);
    expect(raw.closed?.code).toBe(4410);
    expect(stock.socket.connected).toBe(true);
  });
});

describe('An operator of a fleet', () => {
  it('pauses through any node, for all nodes, and a restarted fleet still knows', async () => {
    const { server, redis, env } = await aRedis();
    const { owner, edge } = await twoNodes(env);
    const done = await told(server, 't:market-data:control:done');
    const order = { action: 'pause', symbols: ['NSE:TCS'] };
    expect(await post(edge, 'control', order)).toMatchObject({ status: 200, body: order });
    expect(await redis.smembers('t:market-data:paused')).toEqual(['NSE:TCS']);
    expect(await paused(owner)).toEqual({ all: false, symbols: ['NSE:TCS'] });
    expect(await paused(edge)).toEqual({ all: false, symbols: ['NSE:TCS'] });
    await until('the word of it', () => done.length > 0);
    expect(done).toHaveLength(1);

    await redis.publish(
      't:market-data:control',
      JSON.stringify({ action: 'pause', symbols: 'all', id: '7', by: 'ops' }),
    );
    await until('the answer', () => done.length === 2);
    expect(done[1]).toMatchObject({ action: 'pause', symbols: ['all'], id: '7', by: 'ops' });
    await vi.waitFor(async () => expect(await paused(edge)).toMatchObject({ all: true }), WITHIN_MS);

    await edge.stop();
    await owner.stop();
    const again = await aServer(env);
    await until('an owner', () => again.server.app.get(Ownership).state === 'owner');
    await vi.waitFor(async () => expect(await paused(again)).toEqual({ all: true, symbols: ['NSE:TCS'] }), WITHIN_MS);
    await redis.publish('t:market-data:control', JSON.stringify({ action: 'resume', symbols: 'all' }));
    await until('the answer', () => done.at(-1)?.['action'] === 'resume');
    expect(await redis.exists('t:market-data:paused')).toBe(0);
  });

  it('keeps what is paused when Redis comes back empty', async () => {
    const { server, redis, env } = await aRedis();
    const owner = await aServer(env);
    await until('an owner', () => owner.server.app.get(Ownership).state === 'owner');
    await post(owner, 'control', { action: 'pause', symbols: ['NSE:TCS'] });
    await server.kill();
    await sleep(200);
    expect(await paused(owner)).toMatchObject({ symbols: ['NSE:TCS'] });
    await server.restart();
    for (let n = 0; (await redis.smembers('t:market-data:paused').catch(() => [])).length === 0; n++) {
      expect(n).toBeLessThan(250);
      await sleep(100);
    }
    expect(await paused(owner)).toMatchObject({ symbols: ['NSE:TCS'] });
  });

  it('keeps what is paused when Redis comes back empty to a fleet of two, whichever is the owner then', async () => {
    const { server, env } = await aRedis();
    const lease = { LEASE_MS: '2000', REDIS_TIMEOUT_MS: '300' };
    const one = await aServer({ ...env, ...lease });
    await until('an owner', () => one.server.app.get(Ownership).state === 'owner');
    const other = await aServer({ ...env, ...lease });
    await post(one, 'control', { action: 'pause', symbols: ['NSE:TCS'] });
    const both = { symbols: ['NSE:TCS'] };
    await vi.waitFor(async () => expect(await paused(other)).toMatchObject(both), WITHIN_MS);
    await server.restart();
    await sleep(3000);
    expect(await paused(one)).toMatchObject(both);
    expect(await paused(other)).toMatchObject(both);
    const written = (): Promise<string[]> => aClient(server).smembers('t:market-data:paused');
    await vi.waitFor(async () => expect(await written()).toEqual(['NSE:TCS']), WITHIN_MS);
  });

  it('is told once what is wrong with an order', async () => {
    const { server, redis, env } = await aRedis();
    const { edge } = await twoNodes(env);
    const errors = await told(server, 't:market-data:errors');
    await redis.publish('t:market-data:control', JSON.stringify({ action: 'pause', symbols: ['NSE:NOPE'], id: 'x' }));
    await redis.publish('t:market-data:control', '{');
    await until('both errors', () => errors.length === 2);
    await sleep(200);
    expect(errors).toMatchObject([
      { code: 'INVALID_SYMBOL', channel: 't:market-data:control', id: 'x' },
      { code: 'INVALID_MESSAGE', sample: '{' },
    ]);
    expect(await paused(edge)).toEqual({ all: false, symbols: [] });
  });

  it('reaches the clients of all nodes and doors with a notice, and ends one wherever it is', async () => {
    const { env } = await aRedis();
    const { owner, edge } = await twoNodes(env);
    const raw = await subscriber(edge, 'NSE:TCS');
    const stock = await stockClient(edge);
    const own = await stockClient(owner);
    await post(owner, 'notices', { message: 'closing', level: 'critical' });
    expect(await raw.next('notice')).toMatchObject({ message: 'closing', level: 'critical' });
    for (const { heard } of [stock, own])
      await until('the notice', () => heard.filter(([type]) => type === 'notice').length === 1);
    expect(await post(owner, 'clients/disconnect', { clientId: stock.id })).toMatchObject({ body: { ended: 1 } });
    await until('the end', () => !stock.socket.connected);
    expect(stock.heard.find(([type]) => type === 'error')?.[1]).toMatchObject({ code: 'DISCONNECTED' });
    expect(own.socket.connected).toBe(true);
    expect(await post(owner, 'clients/disconnect', { clientId: 'nobody' })).toMatchObject({ body: { ended: 0 } });
  });

  it('still reaches the clients of a node while Redis is away', async () => {
    const { server, env } = await aRedis();
    const owner = await aServer(env);
    const { heard, id } = await stockClient(owner);
    await server.kill();
    await post(owner, 'notices', { message: 'alone' });
    await until('the notice', () => heard.some(([type]) => type === 'notice'));
    expect(await post(owner, 'clients/disconnect', { clientId: id })).toMatchObject({ body: { ended: 1 } });
  });
});

describe('A fleet', () => {
  it('sends no quotes through the adapter of Socket.IO', async () => {
    const { server, env } = await aRedis();
    const { owner, edge } = await twoNodes(env);
    const monitor = connect(server.port, '127.0.0.1');
    ends.push(() => monitor.destroy());
    let seen = '';
    monitor.on('data', (data) => (seen += data.toString()));
    monitor.write('MONITOR\r\n');
    await until('the monitor', () => seen.startsWith('+OK'));
    const { socket, heard } = await stockClient(edge);
    await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS'] });
    const here = await stockClient(owner);
    await here.socket.emitWithAck('subscribe', { symbols: ['NSE:TCS'] });
    const updates = (): number => here.heard.filter(([type]) => type === 'price_update').length;
    await until('many updates', () => updates() > 10);
    await post(owner, 'notices', { message: 'the only one' });
    await until('the notice', () => heard.some(([type]) => type === 'notice'));
    await until('the notice on its way', () => seen.includes('the only one'));
    const adapter = seen.split('\r\n').filter((line) => line.includes('socket.io'));
    expect(adapter.filter((line) => /publish/i.test(line))).toHaveLength(1);
    expect(adapter.join('\n')).toContain('the only one');
    expect(adapter.join('\n')).not.toContain('NSE:TCS');
    expect(seen).toContain('NSE:TCS');
  });

  it('writes down what each client is subscribed to, and takes it away with the client', async () => {
    const { server, redis, env } = await aRedis();
    const product = await aServer(env);
    const { socket, id } = await stockClient(product);
    const key = `t:client:subscription:${id}`;
    await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS', 'NSE:INFY'], mode: 'ltp' });
    const read = async (): Promise<Json> => JSON.parse((await redis.get(key).catch(() => null)) ?? '{}') as Json;
    const written = async (symbols: number): Promise<void> => {
      for (let n = 0; ((await read())['symbols'] as unknown[] | undefined)?.length !== symbols; n++) {
        expect(n).toBeLessThan(250);
        await sleep(100);
      }
    };
    await written(2);
    const nodeId: string = product.server.app.get(Ownership).nodeId;
    expect(await read()).toMatchObject({
      clientId: id,
      node: nodeId,
      symbols: [{ symbol: 'NSE:TCS', mode: 'ltp' }, {}],
    });
    expect(await redis.pttl(key)).toBeGreaterThan(30_000);
    await socket.emitWithAck('unsubscribe', { symbols: ['NSE:INFY'] });
    await written(1);
    await server.restart();
    await written(1);
    socket.disconnect();
    for (let n = 0; (await redis.exists(key)) === 1; n++) {
      expect(n).toBeLessThan(250);
      await sleep(100);
    }
  });
});
