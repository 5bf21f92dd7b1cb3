import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HISTORY_ENGINE, type HistoryEngine } from '#history';
import { aProduct, type Product } from '../support/running-server.js';
import { earlyIn } from '../support/vendor-tools.js';

interface Told {
  readonly time: string;
  readonly open: number;
  readonly close: number;
  readonly volume: number;
}

const INDIA_MS = 330 * 60_000;
let product: Product;
const PATH = '/api/v1/candles?symbol=NSE:RELIANCE&interval=';

const candles = async (query: string): Promise<Told[]> => {
  const { status, body } = await product.get(PATH + query);
  if (status !== 200) throw new Error(`${status}: ${String(body['detail'])}`);
  return body['candles'] as Told[];
};

async function atLeast(count: number, query: string): Promise<Told[]> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await candles(query);
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('no candles');
}

describe('without history', () => {
  beforeAll(async () => {
    product = await aProduct({ HISTORY: 'off' });
    await candles('1s');
  });
  afterAll(() => product.stop());

  it('longer candles are made of those in memory, except the first, whose beginning is not known', async () => {
    const fives = await atLeast(2, '5s');
    const seconds = await candles('1s&limit=300');
    const [five] = fives;
    const start = Date.parse(five!.time);
    expect(start % 5000).toBe(0);
    const parts = seconds.filter(({ time }) => Date.parse(time) >= start && Date.parse(time) < start + 5000);
    expect(five).toMatchObject({
      open: parts[0]!.open,
      close: parts.at(-1)!.close,
      volume: parts.reduce((sum, { volume }) => sum + volume, 0),
    });
    expect(Date.parse(seconds[0]!.time)).toBeLessThanOrEqual(start);
  });

  it('a range is kept to, and goes on with next', async () => {
    const all = await atLeast(4, '1s');
    const range = `from=${all[0]!.time}&to=${all[3]!.time}`;
    const { body } = await product.get(`${PATH}1s&limit=2&${range}`);
    expect(body['candles']).toEqual(all.slice(0, 2));
    expect(body['next']).toBe(all[2]!.time);
    const rest = await candles(`1s&limit=2&from=${String(body['next'])}&to=${all[3]!.time}`);
    expect(rest).toEqual(all.slice(2, 3));
  });

  it('none are no answer where memory does not reach', async () => {
    expect(await product.get(`${PATH}1m&date=yesterday`)).toMatchObject({
      status: 503,
      body: { code: 'HISTORY_UNAVAILABLE' },
    });
    const to = Math.floor(Date.now() / 1000) - 86_400;
    const { body } = await product.get(`/udf/history?symbol=NSE:RELIANCE&resolution=1&from=${to - 3600}&to=${to}`);
    expect(body).toEqual({ s: 'no_data' });
  });

  it('candles come as CSV for spreadsheets', async () => {
    await atLeast(2, '1s');
    const response = await fetch(`${product.url}${PATH}1s&limit=2`, { headers: { Accept: 'text/csv' } });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header, ...rows] = (await response.text()).trim().split('\r\n');
    expect(header).toMatch(/^time,open,high,low,close,volume/);
    expect(rows).toHaveLength(2);
  });

  it('what takes the history says that there is none', async () => {
    const ticks = await product.get('/api/v1/ticks?symbol=NSE:RELIANCE');
    expect([ticks.status, ticks.body['code']]).toEqual([503, 'HISTORY_UNAVAILABLE']);
    const arrow = await fetch(`${product.url}${PATH}1s`, {
      headers: { Accept: 'application/vnd.apache.arrow.stream' },
    });
    expect(arrow.status).toBe(503);
    expect((await product.get('/api/v1/ticks?symbol=NSE:NOPE')).status).toBe(404);
  });

  it.each([
    '7s',
    '1s&limit=5001',
    '1s&from=soon',
    '1s&date=2026-02-30',
    '1s&date=today&from=-1d',
    '1s&from=now&to=-1d',
    '1s&fill=zero',
  ])('refuses interval=%s', async (query) => {
    const { status, body } = await product.get(PATH + query);
    expect([status, body['code']]).toEqual([400, 'INVALID_MESSAGE']);
  });
});

describe('with history', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickwire-candles-'));
  beforeAll(async () => {
    product = await aProduct({ HISTORY: 'embedded', HISTORY_DIR: folder, HISTORY_FLUSH_MS: '1000' });
    await product.server.app.get<HistoryEngine>(HISTORY_ENGINE).ready();
    await atLeast(1, '1s');
  }, 90_000);
  afterAll(async () => {
    await product.stop();
    rmSync(folder, { recursive: true });
  });

  it('an answer is as new as the last tick, though ticks are written a second later', async () => {
    for (let i = 0; i < 5; i++) {
      const { timestamp = '' } = product.quote('NSE:RELIANCE') ?? {};
      const newest = (await candles('1s')).at(-1);
      const said = Math.floor(Date.parse(timestamp) / 1000) * 1000;
      expect(Date.parse(newest!.time)).toBeGreaterThanOrEqual(said);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  });

  it('a day is asked for by its name, in every interval, and each adds up to the same', async () => {
    await earlyIn(86_400_000, 40_000, INDIA_MS);
    await atLeast(9, '1s');
    const today = new Date(Date.now() + INDIA_MS).toISOString().slice(0, 10);
    // of which nothing is on its way any more
    const to = new Date(Math.floor((Date.now() - 3000) / 5000) * 5000).toISOString();
    const volumes = await Promise.all(
      ['1s', '5s'].map(async (interval) => {
        const found = await candles(`${interval}&from=${today}&to=${to}&limit=5000`);
        return found.reduce((sum, { volume }) => sum + volume, 0);
      }),
    );
    expect(volumes[0]).toBeGreaterThan(0);
    expect(volumes[0]).toBe(volumes[1]);
    expect(await candles('1d&date=today')).toHaveLength(1);
    expect(await candles('5m&date=yesterday')).toEqual([]);
  });

  it('ticks come page by page, as CSV and as Arrow', async () => {
    const path = `${product.url}/api/v1/ticks?symbol=NSE:RELIANCE&from=-1h&limit=3`;
    const first = (await (await fetch(path)).json()) as { ticks: { price: number }[]; cursor: string };
    expect(first.ticks).toHaveLength(3);
    const second = (await (await fetch(`${path}&cursor=${first.cursor}`)).json()) as typeof first;
    expect(second.ticks).not.toEqual(first.ticks);
    const csv = await fetch(path, { headers: { Accept: 'text/csv' } });
    expect((await csv.text()).trim().split('\n')).toHaveLength(4);
    expect(csv.headers.get('x-next')).toBe(first.cursor);
    expect(csv.headers.get('cache-control')).toBe('no-cache');
    const arrow = await fetch(path, { headers: { Accept: 'application/vnd.apache.arrow.stream' } });
    const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()));
    expect(Array.from(table.getChild('price') ?? [])).toEqual(first.ticks.map(({ price }) => price));
    expect((await fetch(`${path}&cursor=letters`)).status).toBe(400);
  });

  it('charts get the same candles', async () => {
    await atLeast(8, '1s');
    const to = Math.floor(Date.now() / 1000) - 4;
    const { body } = await product.get(`/udf/history?symbol=NSE:RELIANCE&resolution=1S&from=0&to=${to}&countback=2`);
    const found = await candles(`1s&limit=2&to=${new Date(to * 1000).toISOString()}`);
    expect(body).toMatchObject({ s: 'ok', c: found.map(({ close }) => close) });
    const day = await product.get(
      `/udf/history?symbol=NSE:RELIANCE&resolution=1D&from=0&to=${to + 2 * 86_400}&countback=1`,
    );
    // a day's bar is at midnight UTC
    expect((day.body['t'] as number[]).map((time) => time % 86_400)).toEqual([0]);
  });
});
