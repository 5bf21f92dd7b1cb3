import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FeedSupervisor } from '#fetcher';
import { RedisServer } from '../support/redis-server.js';
import { aProduct, type Product } from '../support/running-server.js';
import { earlyIn } from '../support/vendor-tools.js';

const SYMBOLS = ['BSE:500325', 'BSE:500180', 'BSE:532540'];
const [SYMBOL = ''] = SYMBOLS;

/** Times that a slow machine does not exceed by itself. */
const PATIENT = { CACHE_L1_TTL_MS: '20000', CACHE_L2_TIMEOUT_MS: '5000', CACHE_FAILURE_TTL_MS: '20000' };

interface Stats {
  readonly reads: Record<string, number>;
  readonly negativeEntries: number;
  readonly shared?: { readonly hits: number; readonly corrupt: Record<string, number> };
  readonly mirror?: { readonly written: number };
}

describe('The cache by REST', () => {
  let redis: RedisServer;
  let raw: Redis;
  const products: Product[] = [];

  beforeEach(async () => {
    redis = await RedisServer.start();
    raw = redis.client();
    raw.on('error', () => undefined);
  });

  afterEach(async () => {
    await Promise.all(products.splice(0).map((product) => product.stop()));
    raw.disconnect();
    await redis.stop();
  });

  async function start(env: Record<string, string> = {}): Promise<Product> {
    const product = await aProduct({ VENDORS: 'bse', REDIS_URL: redis.url, MIRROR_MS: '100', ...PATIENT, ...env });
    products.push(product);
    // vendors are asked by the node that holds the lease, as soon as it has read what the owner before has left
    await vi.waitFor(() => expect(product.server.app.get(FeedSupervisor).isActive).toBe(true), 20_000);
    return product;
  }

  async function call(product: Product, method: string, path: string, body?: object) {
    const response = await fetch(`${product.url}/api/v1/cache/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  }

  const stats = async (product: Product): Promise<Stats> =>
    (await call(product, 'GET', 'stats')).body as unknown as Stats;

  it('C6: warms, refreshes and forgets symbols, and answers for each', async () => {
    const product = await start();
    const warmed = await call(product, 'POST', 'warm', { symbols: [...SYMBOLS, 'BSE:NONE'] });
    expect(warmed.status).toBe(200);
    expect(warmed.body).toEqual({
      loaded: SYMBOLS.map((symbol) => ({ symbol, layer: 'l3', status: 'live', age: expect.any(Number) })),
      errors: [{ symbol: 'BSE:NONE', code: 'INVALID_SYMBOL', message: expect.any(String) }],
    });
    expect((await call(product, 'POST', 'warm', { symbols: SYMBOLS })).body['loaded']).toMatchObject(
      SYMBOLS.map(() => ({ layer: 'l1' })),
    );
    expect((await call(product, 'POST', 'refresh', { symbols: [SYMBOL] })).body['loaded']).toMatchObject([
      { symbol: SYMBOL, layer: 'l3' },
    ]);
    await vi.waitFor(async () => expect(await raw.exists(`stock:quote:${SYMBOL}`)).toBe(1), 20_000);
    expect((await call(product, 'DELETE', `quotes/${SYMBOL}`)).status).toBe(204);
    expect((await product.get(`/api/v1/quotes/${SYMBOL}`)).body).toMatchObject({ layer: 'l3' });
    expect((await call(product, 'DELETE', 'quotes/BSE:NONE')).status).toBe(404);
    expect((await call(product, 'POST', 'refresh', { symbols: [] })).status).toBe(400);
    const { body } = await call(product, 'DELETE', 'quotes');
    expect(body['cleared']).toBeGreaterThanOrEqual(2);
  });

  it('C6: routes that change something are for operators', async () => {
    const product = await start({ AUTH: 'required', JWT_SECRET: 'a secret of at least 32 characters!' });
    expect((await call(product, 'POST', 'warm', { symbols: SYMBOLS })).status).toBe(401);
    expect((await call(product, 'DELETE', 'quotes')).status).toBe(401);
  });

  it('C3: keeps how vendor calls went for operators, and counts the day', async () => {
    await earlyIn(86_400_000);
    const product = await start();
    const { body } = await product.get(`/api/v1/quotes?symbols=${SYMBOLS.join(',')}`);
    expect(body['quotes']).toHaveLength(SYMBOLS.length);
    let kept: Record<string, unknown>[] = [];
    await vi.waitFor(async () => {
      const keys = await raw.keys('stock:batch:bse-*');
      kept = (await Promise.all(keys.map((key) => raw.get(key)))).map((text) => JSON.parse(text ?? '') as never);
      expect(kept.flatMap(({ symbols }) => symbols as string[]).toSorted()).toEqual(SYMBOLS.toSorted());
    }, 20_000);
    expect(kept[0]).toMatchObject({ vendor: 'bse', at: expect.any(Number), tookMs: expect.any(Number), errors: {} });
    await products.pop()?.stop();
    const today = new Date().toISOString().slice(0, 10);
    expect(await raw.hgetall(`metrics:performance:${today}`)).toMatchObject({
      'reads.l3': '3',
      ticks: expect.stringMatching(/^[1-9]/),
      vendorCalls: String(kept.length),
    });
  });

  it('C5: drops what somebody else has spoilt in Redis, counts it and asks the vendor', async () => {
    await raw.set(`stock:quote:${SYMBOL}`, '{"value":{"price":1}}');
    const product = await start();
    expect((await product.get(`/api/v1/quotes/${SYMBOL}`)).body).toMatchObject({ layer: 'l3', stale: false });
    const { shared, mirror, reads } = await stats(product);
    expect(mirror).toBeDefined();
    expect(reads['l3']).toBe(1);
    expect(shared?.corrupt).toEqual({ unreadable: 0, version: 1, checksum: 0, shape: 0 });
    await vi.waitFor(async () => expect(await raw.get(`stock:quote:${SYMBOL}`)).toContain('"v":1'), 20_000);
  });

  it('C6: is not ready before the essential quotes are loaded, and no later than it may be', async () => {
    const product = await start({ ESSENTIAL: SYMBOLS.join(','), WARM_TIMEOUT_MS: '15000' });
    await vi.waitFor(async () => expect((await product.get('/health/ready')).status).toBe(200), 20_000);
    expect((await product.get('/health')).body).toMatchObject({ details: { cache: { status: 'up', essential: 3 } } });
    for (const symbol of SYMBOLS) expect(product.quote(symbol)?.price).toBeGreaterThan(0);
  });

  it('C6: becomes ready without quotes that no vendor has, and names them', async () => {
    const dead = { BSE_BASE_URL: 'http://127.0.0.1:9' };
    const product = await start({ ESSENTIAL: SYMBOL, WARM_TIMEOUT_MS: '5000', ...dead });
    const early = await product.get('/health/ready');
    expect(early.status).toBe(503);
    expect(early.body).toMatchObject({ details: { cache: { status: 'down', missing: [SYMBOL] } } });
    await vi.waitFor(async () => expect((await product.get('/health/ready')).status).toBe(200), 20_000);
    expect((await product.get('/health/ready')).body).toMatchObject({
      details: { cache: { status: 'degraded', missing: [SYMBOL] } },
    });
  });

  it('C1, C4: a server that starts again has the values from before, marked stale, and serves without Redis', async () => {
    const before = await start({ ESSENTIAL: SYMBOLS.join(',') });
    await vi.waitFor(async () => expect(await raw.exists(...SYMBOLS.map((id) => `stock:quote:${id}`))).toBe(3), 20_000);
    await products.pop()?.stop();
    const price = before.quote(SYMBOL)?.price;
    // what nodes of a fleet tell one another is another matter
    for (const key of await raw.keys('*}:last')) await raw.del(key);
    const after = await start({ BSE_BASE_URL: 'http://127.0.0.1:9' });
    const { body } = await after.get(`/api/v1/quotes/${SYMBOL}`);
    expect(body).toMatchObject({ layer: 'l4', stale: true, age: expect.any(Number), source: 'bse' });
    expect(body['price']).toBe(price);
    expect((await stats(after)).negativeEntries).toBe(1);
    await redis.kill();
    expect((await after.get(`/api/v1/quotes/${SYMBOL}`)).body).toMatchObject({ layer: 'l4', price });
  });
});
