import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

interface Answer {
  readonly status: number;
  readonly etag: string;
  readonly body: string;
  readonly tookMs: number;
}

let product: Product;

async function poll(etag?: string, wait?: number, symbols = 'NSE:TCS', signal?: AbortSignal): Promise<Answer> {
  const query = wait === undefined ? '' : `&wait=${wait}`;
  const started = performance.now();
  const response = await fetch(`${product.url}/api/v1/quotes?symbols=${symbols}${query}`, {
    headers: etag === undefined ? {} : { 'If-None-Match': etag },
    ...(signal === undefined ? {} : { signal }),
  });
  const body = await response.text();
  const tookMs = performance.now() - started;
  return { status: response.status, etag: response.headers.get('etag') ?? '', body, tookMs };
}

/** The tag of a symbol once its last change has arrived. */
async function settled(symbols?: string): Promise<string> {
  let before = await poll(undefined, undefined, symbols);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await poll(undefined, undefined, symbols);
    if (now.etag === before.etag) return now.etag;
    before = now;
  }
}

describe('a long poll', () => {
  beforeAll(async () => {
    product = await aProduct();
    await poll();
    await until('a price', () => product.quote('NSE:TCS')?.price !== undefined);
    product.sandbox.market.stop();
  });
  afterAll(() => product.stop());

  it('is answered at once when the client knows nothing, or something else', async () => {
    await settled();
    for (const etag of [undefined, 'W/"old"']) {
      const answer = await poll(etag, 10);
      expect(answer.status).toBe(200);
      expect(answer.tookMs).toBeLessThan(9000);
    }
  });

  it('is answered as soon as something changes', async () => {
    const etag = await settled();
    const waiting = poll(etag, 20);
    await until('the waiter', () => product.hub.clients.size === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(product.hub.clients.size).toBe(1);
    const price = Number(product.quote('NSE:TCS')?.price) + 1;
    product.sandbox.market.print('NSE:TCS', price);
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.etag).not.toBe(etag);
    expect(JSON.parse(answer.body)).toMatchObject({ quotes: [{ symbol: 'NSE:TCS', price }] });
    expect(answer.tookMs).toBeLessThan(18_000);
    expect(product.hub.clients.size).toBe(0);
  });

  it('is answered with 304 when nothing changes in time', async () => {
    const etag = await settled();
    const answer = await poll(etag, 1);
    expect(answer).toMatchObject({ status: 304, etag, body: '' });
    expect(answer.tookMs).toBeGreaterThan(950);
    expect(answer.tookMs).toBeLessThan(10_000);
    expect(product.hub.clients.size).toBe(0);
  });

  it('without a wait is the request it always was', async () => {
    const waiting = vi.spyOn(product.hub, 'connect');
    expect((await poll(await settled())).status).toBe(304);
    expect(waiting).not.toHaveBeenCalled();
    waiting.mockRestore();
  });

  it('waits in vain for a symbol nobody knows, and says so', async () => {
    const first = await poll(undefined, 5, 'NSE:NOPE');
    expect(JSON.parse(first.body)).toMatchObject({ quotes: [], errors: [{ code: 'INVALID_SYMBOL' }] });
    expect((await poll(first.etag, 0.3, 'NSE:NOPE')).status).toBe(304);
  });

  it('that is given up by its client is forgotten', async () => {
    const gone = new AbortController();
    const waiting = poll(await settled(), 20, 'NSE:TCS', gone.signal).catch(() => 'gone');
    await until('the waiter', () => product.hub.clients.size === 1);
    gone.abort();
    expect(await waiting).toBe('gone');
    await until('nobody', () => product.hub.clients.size === 0);
    expect(product.hub.subscriptions.size).toBe(0);
  });

  it.each(['31', '-1', 'long'])('may not wait for %s', async (wait) => {
    const { status, body } = await product.get(`/api/v1/quotes?symbols=NSE:TCS&wait=${wait}`);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'INVALID_MESSAGE' });
  });
});

describe('where there is no room or no future', () => {
  afterEach(() => product.stop());

  it('refuses to wait, not to answer', async () => {
    product = await aProduct({ MAX_CONNECTIONS: '1' });
    await poll();
    product.sandbox.market.stop();
    const etag = await settled();
    const first = poll(etag, 4);
    await until('the waiter', () => product.hub.clients.size === 1);
    const second = await poll(etag, 20);
    expect(second.status).toBe(503);
    expect(JSON.parse(second.body)).toMatchObject({ code: 'CONNECTION_LIMIT' });
    expect((await poll('W/"old"', 2)).status).toBe(200);
    expect((await first).status).toBe(304);
  });

  it('holds no shutdown up', async () => {
    product = await aProduct({ DRAIN_GRACE_MS: '300' });
    await poll();
    product.sandbox.market.stop();
    const waiting = poll(await settled(), 25);
    await until('the waiter', () => product.hub.clients.size === 1);
    await product.server.stop();
    const answer = await waiting;
    expect(answer.status).toBe(304);
    expect(answer.tookMs).toBeLessThan(20_000);
  });
});
