import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';

let product: Product;

beforeAll(async () => {
  product = await aProduct();
});
afterAll(() => product.stop());

const get = (path: string): ReturnType<Product['get']> => product.get(path);

describe('quotes', () => {
  it('of several symbols come with their layer and age, and what is wrong is named beside them', async () => {
    const { status, headers, body } = await get('/api/v1/quotes?symbols=NSE:RELIANCE,%20BSE:500325,NSE:NOPE');
    expect(status).toBe(200);
    expect(body['quotes']).toMatchObject([
      {
        symbol: 'NSE:RELIANCE',
        source: 'json',
        stale: false,
        layer: expect.stringMatching(/l[13]/),
        age: expect.any(Number),
      },
      { symbol: 'BSE:500325', source: 'bse', stale: false },
    ]);
    expect(body['errors']).toMatchObject([{ symbol: 'NSE:NOPE', code: 'INVALID_SYMBOL' }]);
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('of one symbol come alone', async () => {
    const { body } = await get('/api/v1/quotes/NSE:M&M');
    expect(body).toMatchObject({
      symbol: 'NSE:M&M',
      companyName: 'Mahindra & Mahindra Limited',
      price: expect.any(Number),
    });
  });

  it('answer 304 while nothing but the age has changed', async () => {
    const path = `${product.url}/api/v1/quotes/BSE:507685`;
    await fetch(path);
    let before: unknown;
    let again: Response;
    // a refresh between the two requests may bring another price
    do {
      before = product.quote('BSE:507685');
      const etag = (await fetch(path)).headers.get('etag') as string;
      again = await fetch(path, { headers: { 'If-None-Match': etag } });
    } while (!isDeepStrictEqual(before, product.quote('BSE:507685')));
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await fetch(path, { headers: { 'If-None-Match': 'W/"other"' } })).status).toBe(200);
  });

  it('cost far fewer vendor calls than requests', async () => {
    const symbols = ['500325', '532540', '500209', '500180', '500112'].map((code) => `BSE:${code}`).join(',');
    const before = product.sandbox.stats('bse')['requests'] as number;
    await Promise.all(Array.from({ length: 50 }, () => get(`/api/v1/quotes?symbols=${symbols}`)));
    const calls = (product.sandbox.stats('bse')['requests'] as number) - before;
    // one call per symbol and request would be 250
    expect(calls).toBeLessThanOrEqual(25);
    const { body } = await get('/metrics');
    expect(Number(/tickwire_vendor_calls_saved_total (\d+)/.exec(String(body['text']))?.[1])).toBeGreaterThanOrEqual(
      225,
    );
  });
});

describe('a request that is wrong gets a problem document', () => {
  it.each<[string, number, string]>([
    ['/api/v1/quotes', 400, 'INVALID_MESSAGE'],
    [`/api/v1/quotes?symbols=${Array.from({ length: 501 }, (_, i) => `S${i}`).join(',')}`, 400, 'INVALID_MESSAGE'],
    ['/api/v1/quotes/NSE:NOPE', 404, 'INVALID_SYMBOL'],
    ['/api/v1/quotes/%E0%A4%A', 400, 'INVALID_MESSAGE'],
    ['/api/v1/symbols?limit=many', 400, 'INVALID_MESSAGE'],
    ['/api/v1/cache/search', 400, 'INVALID_MESSAGE'],
    ['/api/v1/nothing', 404, 'UNSUPPORTED_ACTION'],
    ['/nothing', 404, 'UNSUPPORTED_ACTION'],
  ])('%s', async (path, status, code) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.body).toMatchObject({
      type: `urn:tickwire:error:${code}`,
      status,
      code,
      title: expect.any(String),
      instance: path,
    });
    expect(answer.body['detail']).not.toBe('');
  });

  it('which lists the versions there are, when it asks for another', async () => {
    const { status, body } = await get('/api/v9/quotes');
    expect([status, body['versions']]).toEqual([404, ['v1', 'v2']]);
  });
});

it('finds symbols by ticker, code, ISIN and company, best first', async () => {
  const first = async (q: string): Promise<unknown> =>
    ((await get(`/api/v1/symbols?q=${q}`)).body['symbols'] as { symbol: string }[])[0]?.symbol;
  expect(await Promise.all(['tcs', '532540', 'INE467B01029', 'tata%20cons'].map(first))).toEqual([
    'NSE:TCS',
    'NSE:TCS',
    'NSE:TCS',
    'NSE:TATACONSUM',
  ]);
  const { body } = await get('/api/v1/symbols?limit=3');
  expect([body['total'], (body['symbols'] as object[]).length]).toEqual([126, 3]);
});

it('shows what clients are subscribed to, the recent updates, and the caches', async () => {
  const client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: ['NSE:SBIN', 'NSE:ICICIBANK'] });
  for (let i = 0; i < 6; i++) await client.next('price_update');
  await client.next('price_update', ({ symbol }) => symbol === 'NSE:SBIN');
  expect((await get('/api/v1/subscriptions')).body).toMatchObject({
    clients: 1,
    subscriptions: 2,
    symbols: [
      { symbol: 'NSE:ICICIBANK', clients: 1 },
      { symbol: 'NSE:SBIN', clients: 1 },
    ],
  });
  const recent = (await get('/api/v1/cache/recent?limit=5')).body['items'] as { publishedAt: number }[];
  expect(recent).toHaveLength(5);
  expect(recent.map(({ publishedAt }) => publishedAt)).toEqual(
    recent.map(({ publishedAt }) => publishedAt).toSorted((a, b) => b - a),
  );
  const found = (await get('/api/v1/cache/search?q=state%20bank')).body['items'] as {
    quote: { symbol: string; companyName: string };
  }[];
  expect(found.map(({ quote }) => quote.symbol)).toContain('NSE:SBIN');
  expect(found.every(({ quote }) => quote.companyName === 'State Bank of India')).toBe(true);
  expect((await get('/api/v1/cache/stats')).body).toMatchObject({
    recent: { capacity: 1000 },
    reads: { l1: expect.any(Number) },
  });
  client.close();
  const cleared = await fetch(`${product.url}/api/v1/cache/recent`, { method: 'DELETE' });
  expect(((await cleared.json()) as { cleared: number }).cleared).toBeGreaterThan(5);
});

it('shows what validation refused', async () => {
  product.sandbox.setFault({ target: 'json', kind: 'wrong-price', symbol: 'NSE:TITAN' });
  const client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: ['NSE:TITAN', 'NSE:TCS'] });
  await client.next('price_update');
  const rejections = async (): Promise<unknown> => (await get('/api/v1/validation')).body['rejections'];
  await expect
    .poll(rejections, { timeout: 15_000 })
    .toEqual(
      expect.arrayContaining([expect.objectContaining({ instrument: 'NSE:TITAN', vendor: 'json', reason: 'circuit' })]),
    );
  product.sandbox.clearFaults();
  client.close();
});

describe('health and metrics', () => {
  it('say that all is well', async () => {
    for (const path of ['/health', '/health/live', '/health/ready']) {
      const { status, body } = await get(path);
      expect([path, status, body['status']]).toEqual([path, 200, 'ok']);
    }
    expect(Object.keys((await get('/health')).body['details'] as object)).toEqual([
      'accepting',
      'eventLoop',
      'memory',
      'vendors',
      'credentials',
    ]);
  });

  it('count what matters', async () => {
    const text = String((await get('/metrics')).body['text']);
    for (const name of [
      'ticks_total{vendor="json"}',
      'ticks_rejected_total{vendor="json",reason="circuit"}',
      'updates_total',
      'encode_seconds_count',
      'fanout_seconds_count',
      'window_wait_seconds_count',
      'clients',
      'outbox_bytes',
      'ticks_conflated_total',
      'vendor_calls_total{vendor="bse",outcome="ok"}',
      'vendor_calls_saved_total',
    ]) {
      expect(text).toContain(`\ntickwire_${name} `);
    }
  });
});
