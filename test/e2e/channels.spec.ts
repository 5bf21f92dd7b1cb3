import { isDeepStrictEqual } from 'node:util';
import { io, type Socket } from 'socket.io-client';
import { unpack } from 'msgpackr';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { applyBookChanges, type BookChanges, type BookView, type Candle } from '#domain';
import { RawClient } from '../support/raw-client.js';
import type { Received } from '../support/recording-wire.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const clients: RawClient[] = [];
const sockets: Socket[] = [];
let product: Product;

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of sockets.splice(0)) socket.disconnect();
});

async function connect(query = ''): Promise<RawClient> {
  const client = await RawClient.connect(product.wsUrl + query);
  clients.push(client);
  return client;
}

const ofTypes = (messages: readonly Received[], ...types: string[]): Received[] =>
  messages.filter(({ type }) => types.includes(type));

/** The book after each message, by sequence. */
function books(messages: readonly Received[]): Map<number, BookView> {
  const found = new Map<number, BookView>();
  let book: BookView | undefined;
  let last = 0;
  for (const { type, seq, data, compression } of ofTypes(messages, 'depth_snapshot', 'depth_update')) {
    if (type === 'depth_update') expect(seq, 'the next of its channel').toBe(last + 1);
    else expect(book, 'one snapshot').toBeUndefined();
    const isDelta = type === 'depth_update' && compression === 'delta';
    book = isDelta ? applyBookChanges(book as BookView, data as BookChanges) : (data as BookView);
    last = seq as number;
    found.set(last, book);
  }
  return found;
}

describe('with a vendor that sends five levels', () => {
  beforeAll(async () => {
    product = await aProduct({ VENDORS: 'upstox' }, { SANDBOX_TICKS_PER_SECOND: '20' });
  });
  afterAll(() => product.stop());

  it('gives clients of every form the same book at the same position, whole or by its changes', async () => {
    const [whole, changes, packed] = await Promise.all([connect(), connect(), connect('?format=msgpack')]);
    const socket = io(product.url, { transports: ['websocket'], forceNew: true, query: { format: 'msgpack' } });
    sockets.push(socket);
    const events: Received[] = [];
    for (const type of ['depth_snapshot', 'depth_update'])
      socket.on(type, (payload: Buffer) => events.push({ ...(unpack(payload) as object), type }));
    const request = { symbols: ['NSE:RELIANCE'], mode: 'depth', compression: 'delta' };
    whole.send({ action: 'subscribe', ...request, compression: 'none' });
    changes.send({ action: 'subscribe', ...request });
    packed.send({ action: 'subscribe', ...request });
    socket.emit('subscribe', request);

    const received = (): Received[][] => [whole.messages, changes.messages, packed.unpacked(), events];
    const sequences = (all: readonly Received[]): unknown[] => ofTypes(all, 'depth_update').map(({ seq }) => seq);
    await until('sixteen updates that all have', () => {
      const [first = [], ...rest] = received().map(sequences);
      return first.filter((seq) => rest.every((other) => other.includes(seq))).length > 15;
    });
    const [expected, ...others] = received().map(books);
    for (const found of others) {
      const shared = [...found].filter(([seq]) => expected!.has(seq));
      expect(shared.length).toBeGreaterThan(15);
      for (const [seq, book] of shared) expect(book).toEqual(expected!.get(seq));
    }
    for (const { bids, asks } of expected!.values()) {
      expect(bids).toHaveLength(5);
      expect(asks).toHaveLength(5);
      const prices = [...bids.toReversed(), ...asks].map(({ price }) => price);
      expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    }
    await until('the quote too', () => ofTypes(whole.messages, 'price_update').length > 0);
  });

  it('tells REST readers the same five levels', async () => {
    const { status, body } = await product.get('/api/v1/depth/NSE:TCS');
    expect(status).toBe(200);
    expect(body).toMatchObject({ symbol: 'NSE:TCS', source: 'upstox', stale: false });
    const { bids, asks } = body as unknown as BookView;
    expect([bids.length, asks.length]).toEqual([5, 5]);
    expect(bids[0]!.price).toBeLessThan(asks[0]!.price);
    expect((await product.get('/api/v1/depth/NSE:NOPE')).body).toMatchObject({ status: 404, code: 'INVALID_SYMBOL' });
  });

  it('refuses channels in the compact format, and sends none to those who did not ask', async () => {
    const compact = await connect('?format=compact');
    const symbols = ['NSE:INFY'];
    compact.send({ action: 'subscribe', symbols, mode: 'depth' });
    expect(await compact.next('error')).toMatchObject({ code: 'INVALID_MESSAGE' });
    compact.send({ action: 'subscribe', symbols, candles: ['1s'] });
    expect(await compact.next('error')).toMatchObject({ code: 'INVALID_MESSAGE' });

    const [plain, other] = await Promise.all([connect(), connect()]);
    other.send({ action: 'subscribe', symbols, mode: 'depth', candles: ['1s'] });
    plain.send({ action: 'subscribe', symbols });
    await plain.next('price_update');
    await until('depth of the other', () => ofTypes(other.messages, 'depth_update').length >= 5);
    const types = new Set(plain.messages.map(({ type }) => type));
    expect(types).toEqual(new Set(['connected', 'subscribed', 'snapshot', 'price_update']));
    other.send({ action: 'subscriptions' });
    expect((await other.next('subscriptions'))['symbols']).toEqual([
      { symbol: 'NSE:INFY', mode: 'depth', compression: 'none', batch: false, candles: ['1s'] },
    ]);
  });

  it('ends a channel with its subscription, and with one that no longer asks for it', async () => {
    const client = await connect();
    const symbols = ['NSE:ITC'];
    for (const last of [
      { action: 'unsubscribe', symbols },
      { action: 'subscribe', symbols },
    ]) {
      client.send({ action: 'subscribe', symbols, mode: 'depth' });
      await client.next('depth_update');
      client.send(last);
      await client.next(`${last.action}d`);
      const before = client.messages.length;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(ofTypes(client.messages.slice(before), 'depth_snapshot', 'depth_update')).toEqual([]);
    }
    expect(product.hub.channels.followed.has('NSE:ITC')).toBe(false);
  });

  it('holds back what comes faster than asked for, and makes it good by a snapshot', async () => {
    const client = await connect();
    const got = (): Received[] => ofTypes(client.messages, 'depth_snapshot', 'depth_update');
    const started = performance.now();
    client.send({ action: 'subscribe', symbols: ['NSE:SBIN'], mode: 'depth', maxFrequency: 2 });
    await until('five books', () => got().length >= 5);
    // two of them may come at once: the snapshot at the door and the first change
    expect(performance.now() - started).toBeGreaterThan(1400);
    let last = 0;
    for (const { type, seq } of got()) {
      if (type === 'depth_update') expect(seq).toBe(last + 1);
      last = seq as number;
    }
  });
});

describe('candles', () => {
  beforeAll(async () => {
    product = await aProduct({ VENDORS: 'json' }, { SANDBOX_TICKS_PER_SECOND: '20' });
  });
  afterAll(() => product.stop());

  const candles = (client: RawClient, interval: string): Map<string, Candle> =>
    new Map(
      ofTypes(client.messages, 'candle_snapshot', 'candle_update')
        .filter((message) => message['interval'] === interval)
        .flatMap(({ data }) => data as Candle | Candle[])
        .map((candle) => [candle.time, candle]),
    );

  it('come in sequence after a snapshot, become final, are corrected by late trades, and add up', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['NSE:RELIANCE'], mode: 'ltp', candles: ['1s', '1m'] });
    const snapshot = await client.next('candle_snapshot');
    expect(snapshot).toMatchObject({ symbol: 'NSE:RELIANCE', interval: '1s', epoch: product.hub.epoch });
    await until('a final candle', () => [...candles(client, '1s').values()].some(({ final }) => final));

    // what is sent while the vendor is slow overtakes nothing, and is overtaken by what comes after
    product.sandbox.setFault({ target: 'json', kind: 'delay', ms: 1800 });
    let delayed = 0;
    product.sandbox.market.onStep((moved) => {
      if (moved.some(({ instrument }) => instrument.id === 'NSE:RELIANCE')) delayed++;
    });
    await until('prices on their way', () => delayed >= 8);
    product.sandbox.clearFaults('json');
    await until('a correction', () => [...candles(client, '1s').values()].some(({ corrected }) => corrected));
    await until('a corrected candle that is final', () =>
      [...candles(client, '1s').values()].some(({ corrected, final }) => corrected && final),
    );

    const total = (interval: string): number =>
      [...candles(client, interval).values()].reduce((sum, { volume }) => sum + volume, 0);
    await until('the same volume in both', () => total('1s') > 0 && total('1s') === total('1m'));

    for (const interval of ['1s', '1m']) {
      const updates = ofTypes(client.messages, 'candle_update').filter((message) => message['interval'] === interval);
      const first = ofTypes(client.messages, 'candle_snapshot').find((message) => message['interval'] === interval)!;
      expect(updates.map(({ seq }) => seq)).toEqual(updates.map((_, i) => (first['seq'] as number) + 1 + i));
      for (const { time, open, high, low, close } of candles(client, interval).values()) {
        expect(Date.parse(time) % (interval === '1s' ? 1000 : 60_000)).toBe(0);
        expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
        expect(low).toBeLessThanOrEqual(Math.min(open, close));
      }
    }
    // an answer may know of a correction that the client is told in the next window
    const compared = async (): Promise<unknown> => {
      const { body } = await product.get('/api/v1/candles?symbol=NSE:RELIANCE&interval=1s&limit=300');
      const held = candles(client, '1s');
      const past = (body['candles'] as Candle[]).filter(({ time, final }) => final && held.get(time)?.final === true);
      const differing = past.filter((candle) => !isDeepStrictEqual(candle, held.get(candle.time)));
      return { enough: past.length > 2, differing };
    };
    await expect.poll(compared, { timeout: 15_000 }).toEqual({ enough: true, differing: [] });
  });

  it('are built for REST readers from their first request on', async () => {
    const path = '/api/v1/candles?symbol=NSE:TCS&interval=1s&limit=2';
    expect((await product.get(path)).body).toEqual({ symbol: 'NSE:TCS', interval: '1s', candles: [] });
    await until('candles', () => product.hub.channels.followed.get('NSE:TCS')!.last('1s', 9).length >= 2);
    expect((await product.get(path)).body['candles']).toHaveLength(2);
    const wrong = await product.get('/api/v1/candles?symbol=NSE:TCS&interval=7s');
    expect(wrong.body).toMatchObject({ status: 400, code: 'INVALID_MESSAGE' });
    expect((await product.get('/api/v1/candles?symbol=NSE:NOPE&interval=1s')).status).toBe(404);
  });

  it('refuses intervals there are not', async () => {
    const client = await connect();
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'], candles: ['5m'] });
    expect(await client.next('error')).toMatchObject({ code: 'INVALID_MESSAGE' });
  });
});
