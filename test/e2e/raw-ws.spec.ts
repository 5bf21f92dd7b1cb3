import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CompactReader } from '#compression';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

let product: Product;
const clients: RawClient[] = [];

beforeAll(async () => {
  product = await aProduct();
});
afterAll(() => product.stop());
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function connect(query = ''): Promise<RawClient> {
  const client = await RawClient.connect(product.wsUrl + query);
  clients.push(client);
  return client;
}

describe('a plain WebSocket client', () => {
  it('is greeted, subscribes, and sees whole quotes move in sequence after a snapshot', async () => {
    const client = await connect();
    expect(await client.next('connected')).toMatchObject({
      version: 1,
      heartbeatInterval: 25_000,
      limits: { maxSymbols: 1000 },
    });
    client.send({ action: 'subscribe', id: 7, symbols: ['NSE:RELIANCE', 'NSE:NOPE'] });
    expect(await client.next('subscribed')).toMatchObject({
      id: 7,
      symbols: ['NSE:RELIANCE'],
      rejected: [{ symbol: 'NSE:NOPE', code: 'INVALID_SYMBOL' }],
    });
    const snapshot = await client.next('snapshot');
    expect(snapshot).toMatchObject({
      symbol: 'NSE:RELIANCE',
      data: { symbol: 'NSE:RELIANCE', source: 'json', stale: false },
    });
    for (let seq = Number(snapshot['seq']) + 1, i = 0; i < 5; seq++, i++) {
      const update = await client.next('price_update');
      expect(update).toMatchObject({ seq, compression: 'none', data: { companyName: 'Reliance Industries Limited' } });
    }
  });

  it('sees names of BSE too, which are asked for instead of streamed', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['BSE:500325'] });
    expect(await client.next('snapshot')).toMatchObject({ data: { symbol: 'BSE:500325', source: 'bse' } });
  });

  it('gets deltas in batches when it asks for them', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['NSE:RELIANCE', 'NSE:TCS'], compression: 'delta', batch: true });
    const { updates, compression } = await client.next('batch_update');
    expect(compression).toBe('delta');
    expect((updates as { data: object }[])[0]!.data).not.toHaveProperty('companyName');
  });

  it('gets only the fields it asks for', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'], fields: ['price', 'volume'] });
    const update = await client.next('price_update');
    expect(Object.keys(update['data'] as object).toSorted()).toEqual(['price', 'stale', 'symbol', 'volume']);
  });

  it('sees what it is subscribed to, and ends it', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'], mode: 'ltp', maxFrequency: 5 });
    await client.next('subscribed');
    client.send({ action: 'subscriptions' });
    expect((await client.next('subscriptions'))['symbols']).toEqual([
      { symbol: 'NSE:TCS', mode: 'ltp', compression: 'none', batch: false, maxFrequency: 5 },
    ]);
    client.send({ action: 'unsubscribe' });
    expect((await client.next('unsubscribed'))['symbols']).toEqual(['NSE:TCS']);
    client.send({ action: 'ping', id: 'last', timestamp: 1 });
    const pong = await client.next('pong');
    expect(pong).toMatchObject({ id: 'last', timestamp: 1, serverTime: expect.any(Number) });
  });

  it('is shown the newest updates of everybody when it asks for them at the door', async () => {
    const first = await connect();
    first.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:INFY', 'NSE:SBIN'] });
    await until('some updates', () => first.messages.length > 60);
    const { items } = await (await connect('?recent=50')).next('recent');
    expect(items).toHaveLength(50);
  });

  it('speaks MessagePack when it asks for it', async () => {
    const client = await connect('?format=msgpack');
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'], batch: true, compression: 'delta' });
    await until('a batch', () => client.unpacked().some(({ type }) => type === 'batch_update'));
    expect(
      client
        .unpacked()
        .map(({ type }) => type)
        .slice(0, 3),
    ).toEqual(['connected', 'subscribed', 'snapshot']);
    expect(client.messages).toEqual([]);
  });

  it('reads the compact form with nothing but the frames', async () => {
    const client = await connect('?format=compact');
    client.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:INFY'] });
    await until('twenty frames', () => client.binary.length > 20);
    let updates = 0;
    const reader = new CompactReader((quote, kind) => {
      if (kind === 'update') updates++;
      expect(['NSE:TCS', 'NSE:INFY']).toContain(quote.symbol);
    });
    for (const frame of client.binary) reader.read(frame);
    expect(updates).toBeGreaterThan(10);
  });
});

describe('a message that is wrong gets an error with a stable code', () => {
  it.each<[string, unknown, string]>([
    ['no JSON', 'subscribe please', 'INVALID_MESSAGE'],
    ['JSON that is no object', '[1]', 'INVALID_MESSAGE'],
    ['a binary frame', Buffer.from([1, 2, 3]), 'INVALID_MESSAGE'],
    ['no action', { symbols: [] }, 'INVALID_MESSAGE'],
    ['an unknown action', { action: 'buy' }, 'UNSUPPORTED_ACTION'],
    ['credentials nobody asks for', { action: 'authenticate', token: 'x' }, 'UNSUPPORTED_ACTION'],
    ['no symbols', { action: 'subscribe' }, 'INVALID_MESSAGE'],
    ['symbols of the wrong type', { action: 'subscribe', symbols: [1] }, 'INVALID_MESSAGE'],
    ['an option nobody knows', { action: 'subscribe', symbols: ['NSE:TCS'], compression: 'zip' }, 'INVALID_MESSAGE'],
    ['a field nobody knows', { action: 'subscribe', symbols: ['NSE:TCS'], fields: ['prize'] }, 'INVALID_MESSAGE'],
    ['a mode nobody knows', { action: 'subscribe', symbols: ['NSE:TCS'], mode: 'level3' }, 'INVALID_MESSAGE'],
    [
      'too many symbols',
      { action: 'subscribe', symbols: Array.from({ length: 1001 }, (_, i) => `S${i}`) },
      'INVALID_MESSAGE',
    ],
  ])('%s', async (_, message, code) => {
    const client = await connect();
    client.send(message);
    const error = await client.next('error');
    expect(error).toMatchObject({ code, category: 'message', retryable: false, message: expect.any(String) });
    client.send({ action: 'ping' });
    await client.next('pong');
  });

  it('repeats the id of the message', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', id: 'x1' });
    expect(await client.next('error')).toMatchObject({ id: 'x1' });
  });

  it('which, when it is too large, ends the connection', async () => {
    const client = await connect();
    client.send({ action: 'ping', padding: 'x'.repeat(70_000) });
    expect(await client.next('error')).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect((await client.ended()).code).toBe(4413);
  });

  it('as does one so large that it is not even read', async () => {
    const client = await connect();
    client.send('x'.repeat(300_000));
    expect((await client.ended()).code).toBe(1009);
  });

  it('and a format nobody knows is refused at the door', async () => {
    const client = await connect('?format=xml');
    expect(await client.next('error')).toMatchObject({ code: 'INVALID_MESSAGE' });
    expect((await client.ended()).code).toBe(1008);
  });
});

it('survives upgrade requests that are no URL, and clients that are gone before the refusal', async () => {
  const { hostname, port } = new URL(product.url);
  for (const target of ['//', '/nope', '/ws', '/socket.io/?EIO=4&transport=websocket', '//[', '/\\\\%']) {
    for (const goesAtOnce of [true, false]) {
      const socket = tcpConnect(Number(port), hostname);
      socket.on('error', () => undefined);
      const headers = 'Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n';
      socket.write(`GET ${target} HTTP/1.1\r\n${headers}`);
      if (goesAtOnce) socket.resetAndDestroy();
      else await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
    }
  }
  expect((await product.get('/health/live')).status).toBe(200);
});

it('keeps no connection to a peer that was refused and does not hang up', async () => {
  const { hostname, port } = new URL(product.url);
  const socket = tcpConnect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write('GET /nope HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 404/);
  // writing to a connection that only we still hold is answered with a reset
  const reset = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  const typing = setInterval(() => socket.write('still here'), 20);
  await reset;
  clearInterval(typing);
});

it('refuses paths nobody serves at once', async () => {
  const started = performance.now();
  const client = await RawClient.connect(product.wsUrl.replace('/ws', '/nope'));
  expect(client.closed).toBeDefined();
  expect(performance.now() - started).toBeLessThan(10_000);
});
