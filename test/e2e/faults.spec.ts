import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Received } from '../support/recording-wire.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';

let product: Product;
let client: RawClient;

/** NSE names come over the JSON stream alone; BSE names over HTTP, with the stream as the next vendor. */
beforeEach(async () => {
  product = await aProduct({ REFRESH_NORMAL_MS: '500', ACTIVE_SYMBOLS_MS: '250', STALE_AFTER_MS: '2000' });
  client = await RawClient.connect(product.wsUrl);
});

afterEach(async () => {
  client.close();
  await product.stop();
});

async function watch(...symbols: string[]): Promise<void> {
  client.send({ action: 'subscribe', symbols });
  // vendors answer in no order
  const missing = new Set<unknown>(symbols);
  while (missing.size > 0) {
    const { symbol } = await client.next('snapshot', (message) => missing.has(message['symbol']));
    missing.delete(symbol);
  }
}

const status = (state: string): Promise<Received> => client.next('status', (message) => message['state'] === state);
const update = (where: (data: Record<string, unknown>) => boolean): Promise<Received> =>
  client.next('price_update', ({ data }) => where(data as Record<string, unknown>));

describe('when the stream fails, a client', () => {
  it('sees at once that prices stand still when it is mute but connected, and that they are live again after', async () => {
    await watch('NSE:TCS');
    product.sandbox.setFault({ target: 'json', kind: 'stall' });
    expect(await status('stale')).toMatchObject({ symbol: 'NSE:TCS', source: 'json', age: expect.any(Number) });
    await update(({ stale }) => stale === true);
    expect((await product.get('/health')).body).toMatchObject({ status: expect.not.stringMatching('^ok$') });
    expect((await product.get('/api/v1/quotes/NSE:TCS')).body).toMatchObject({
      stale: true,
      layer: 'l4',
      age: expect.any(Number),
    });
    product.sandbox.clearFaults();
    await status('live');
    await update(({ stale }) => stale === false);
  });

  it('sees delayed, and then stale, when it is gone, and live when it is back', async () => {
    await watch('NSE:TCS');
    product.sandbox.setFault({ target: 'json', kind: 'disconnect' });
    await status('delayed');
    expect((await status('stale'))['age']).toBeGreaterThan(2000);
    product.sandbox.clearFaults();
    await status('live');
  });

  it('sees the same when it refuses us', async () => {
    for (const kind of ['error', 'rate-limit'] as const) {
      await watch('NSE:TCS');
      product.sandbox.setFault({ target: 'json', kind });
      await status('delayed');
      product.sandbox.clearFaults();
      await status('live');
    }
  });

  it('sees nothing of frames that cannot be read, but the prices between them', async () => {
    await watch('NSE:TCS');
    product.sandbox.setFault({ target: 'json', kind: 'malformed', share: 0.5 });
    const metrics = async (): Promise<string> => String((await product.get('/metrics')).body['text']);
    await expect
      .poll(metrics, { timeout: 15_000 })
      .toMatch(/ticks_rejected_total\{vendor="json",reason="malformed"\} \d\d/);
    for (let i = 0; i < 5; i++) await client.next('price_update');
    expect(client.messages.filter(({ type }) => type === 'status')).toEqual([]);
  });

  it('never sees a wrong price: shifted or negative', async () => {
    await watch('NSE:TCS', 'NSE:INFY');
    for (const factor of [100, 0.01, -1]) {
      product.sandbox.setFault({ target: 'json', kind: 'wrong-price', symbol: 'NSE:TCS', factor });
      for (let i = 0; i < 8; i++) await update(({ symbol }) => symbol === 'NSE:INFY');
    }
    const prices = client.messages.flatMap(({ data, symbol }) =>
      symbol === 'NSE:TCS' && data !== undefined ? [(data as { price: number }).price] : [],
    );
    expect(Math.max(...prices) / Math.min(...prices)).toBeLessThan(1.1);
  });

  it('sees late prices late, and in order', async () => {
    await watch('NSE:TCS');
    product.sandbox.setFault({ target: 'json', kind: 'delay', ms: 700 });
    const late = await client.next('price_update', ({ timestamp, data }) => {
      return Number(timestamp) - Date.parse((data as { timestamp: string }).timestamp) > 650;
    });
    expect(late['data']).toMatchObject({ stale: false });
  });
});

describe('when a vendor that is asked fails, a client', () => {
  it('is served by the next vendor in order, and by the first again when it is back', async () => {
    await watch('BSE:500325');
    for (const fault of [{ kind: 'error' }, { kind: 'rate-limit', retryAfterSeconds: 1 }] as const) {
      product.sandbox.setFault({ target: 'bse', ...fault });
      await update(({ source }) => source === 'json');
      product.sandbox.clearFaults();
      await update(({ source }) => source === 'bse');
    }
  }, 40_000);

  it('is told that the quote is delayed when nobody else has it, and gets the last known value with its age', async () => {
    await product.stop();
    product = await aProduct({
      VENDORS: 'bse',
      BSE_TIMEOUT_MS: '200',
      REFRESH_NORMAL_MS: '500',
      ACTIVE_SYMBOLS_MS: '250',
      STALE_AFTER_MS: '2000',
    });
    client = await RawClient.connect(product.wsUrl);
    await watch('BSE:500325');
    product.sandbox.setFault({ target: 'bse', kind: 'stall' });
    await status('stale');
    expect((await product.get('/api/v1/quotes/BSE:500325')).body).toMatchObject({ stale: true, layer: 'l4' });
    const { status: code, body } = await product.get('/api/v1/quotes/BSE:532540');
    expect([code, body['code']]).toEqual([502, 'SOURCE_FAILED']);
    product.sandbox.clearFaults();
    await status('live');
  }, 40_000);

  it('sees neither broken answers nor wrong prices of it', async () => {
    await watch('BSE:500325', 'NSE:TCS');
    product.sandbox.setFault({ target: 'bse', kind: 'malformed', share: 0.6 });
    product.sandbox.setFault({ target: 'bse', kind: 'wrong-price', share: 0.5 });
    for (let i = 0; i < 30; i++) await update(({ symbol }) => symbol === 'NSE:TCS');
    const prices = client.messages.flatMap(({ data, symbol }) =>
      symbol === 'BSE:500325' ? [(data as { price: number }).price] : [],
    );
    expect(Math.max(...prices) / Math.min(...prices)).toBeLessThan(1.1);
  });

  it('sees late answers late', async () => {
    product.sandbox.setFault({ target: 'bse', kind: 'delay', ms: 300 });
    const started = performance.now();
    await watch('BSE:500325');
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it('sees prices of one that breaks connections now and then', async () => {
    product.sandbox.setFault({ target: 'bse', kind: 'disconnect', share: 0.3 });
    await watch('BSE:500325', 'BSE:532540');
  });
});
