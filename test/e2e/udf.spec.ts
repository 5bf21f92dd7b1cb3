import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aProduct, type Product } from '../support/running-server.js';

let product: Product;

beforeAll(async () => {
  product = await aProduct({ MARKET_HOURS: 'always' });
  // candles are built from the first request on
  await history('symbol=NSE:RELIANCE&resolution=1S&countback=1');
});
afterAll(() => product.stop());

const udf = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${product.url}/udf/${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const soon = (): number => Math.floor(Date.now() / 1000) + 60;
const history = (query: string): ReturnType<typeof udf> => udf(`history?to=${soon()}&from=0&${query}`);

async function bars(query: string, least: number): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 100; tries++) {
    const { body } = await history(query);
    if (body['s'] === 'ok' && (body['t'] as number[]).length >= least) return body;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('no bars');
}

describe('a chart that speaks UDF', () => {
  it('learns what there is, and the time', async () => {
    const { body } = await udf('config');
    expect(body).toMatchObject({ supports_search: true, supports_group_request: false, supports_time: true });
    expect(body['supported_resolutions']).toEqual(expect.arrayContaining(['1', '5', '15', '60', '1D', '1S', '5S']));
    expect(body['exchanges']).toContainEqual({ value: 'NSE', name: 'NSE', desc: 'NSE' });
    const time = await fetch(`${product.url}/udf/time`);
    expect(time.headers.get('content-type')).toMatch('text/plain');
    expect(Math.abs(Number(await time.text()) - Date.now() / 1000)).toBeLessThan(5);
  });

  it('resolves a symbol by name and by ticker', async () => {
    const { body } = await udf('symbols?symbol=NSE:RELIANCE');
    expect(body).toMatchObject({
      name: 'RELIANCE',
      ticker: 'NSE:RELIANCE',
      exchange: 'NSE',
      type: 'stock',
      timezone: 'Asia/Kolkata',
      session: '24x7',
      pricescale: 100,
      has_intraday: true,
    });
    // a price step of 0.05 is 5 / 100
    expect(Number(body['minmov']) / Number(body['pricescale'])).toBeCloseTo(0.05);
    expect((await udf('symbols?symbol=RELIANCE')).body).toEqual(body);
    expect((await udf('symbol_info?group=NSE')).body['ticker']).toContain('NSE:RELIANCE');
  });

  it('finds symbols of an exchange', async () => {
    const found = (await udf('search?query=tata&type=stock&exchange=NSE&limit=3')).body as unknown as Record<
      string,
      string
    >[];
    expect(found).toHaveLength(3);
    for (const one of found) {
      expect(one).toMatchObject({
        exchange: 'NSE',
        type: 'stock',
        symbol: expect.any(String),
        ticker: expect.stringMatching(/^NSE:/),
      });
    }
    expect((await udf('search?query=tata&type=bond&exchange=&limit=3')).body).toEqual([]);
  });

  it('gets bars as columns of one length, oldest first, as many as it counts back', async () => {
    const body = await bars('symbol=NSE:RELIANCE&resolution=1S&countback=3', 3);
    const { t, o, h, l, c, v } = body as Record<'t' | 'o' | 'h' | 'l' | 'c' | 'v', number[]>;
    expect([t, o, h, l, c, v].map(({ length }) => length)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(t).toEqual(t.toSorted((a, b) => a - b));
    for (const [i, high] of h.entries()) expect(high).toBeGreaterThanOrEqual(Math.max(o[i]!, c[i]!, l[i]!));
    const to = t[2]!;
    const before = await udf(`history?symbol=NSE:RELIANCE&resolution=1S&from=${t[0]}&to=${to}`);
    // the last is not included
    expect(before.body['t']).toEqual(t.slice(0, 2));
  });

  it('is told where the newest bar before is when there is none', async () => {
    const { t } = (await bars('symbol=NSE:RELIANCE&resolution=1S', 1)) as { t: number[] };
    const later = soon() + 3600;
    const { body } = await udf(`history?symbol=NSE:RELIANCE&resolution=1S&from=${later}&to=${later + 60}`);
    expect(body).toEqual({ s: 'no_data', nextTime: expect.any(Number) });
    expect(body['nextTime']).toBeGreaterThanOrEqual(t[0]!);
    expect((await udf('history?symbol=NSE:RELIANCE&resolution=1&from=100&to=200')).body).toEqual({ s: 'no_data' });
  });

  it('gets quotes, and an error for the one there is not', async () => {
    const { body } = await udf(`quotes?symbols=${encodeURIComponent('NSE:RELIANCE,NSE:NOPE')}`);
    expect(body).toMatchObject({
      s: 'ok',
      d: [
        {
          s: 'ok',
          n: 'NSE:RELIANCE',
          v: { lp: expect.any(Number), short_name: 'RELIANCE', exchange: 'NSE', volume: expect.any(Number) },
        },
        { s: 'error', n: 'NSE:NOPE' },
      ],
    });
  });

  it.each([
    ['symbols?symbol=NSE:NOPE', 404],
    ['symbols', 400],
    ['history?symbol=NSE:NOPE&resolution=1&from=0&to=100', 404],
    ['history?symbol=NSE:RELIANCE&resolution=7&from=0&to=100', 400],
    ['history?symbol=NSE:RELIANCE&resolution=1&from=0&to=yesterday', 400],
    ['history?symbol=NSE:RELIANCE&resolution=1&to=100&countback=999999', 400],
    ['quotes', 400],
    ['symbol_info?group=MOON', 404],
  ])('is told what is wrong with %s as it reads it', async (path, status) => {
    expect(await udf(path)).toEqual({ status, body: { s: 'error', errmsg: expect.stringMatching(/./) } });
  });
});

describe('with hours and tiers', () => {
  const year = new Date().getUTCFullYear();
  const folder = mkdtempSync(join(tmpdir(), 'tickwire-udf-'));
  let closed: Product;
  beforeAll(async () => {
    const holidays = join(folder, 'holidays.csv');
    writeFileSync(
      holidays,
      `exchange,date,name,opens,closes\nNSE,${year}-11-10,Diwali,,\nNSE,${year}-11-08,Muhurat trading,18:15,19:15\n`,
    );
    const tiers = join(folder, 'tiers.json');
    writeFileSync(tiers, JSON.stringify({ anonymous: 'guest', tiers: { guest: { symbols: ['NSE:TCS'] } } }));
    closed = await aProduct({
      MARKET_HOURS: 'exchange',
      HOLIDAYS: holidays,
      AUTH: 'optional',
      JWT_SECRET: 'a secret of more than thirty-two characters',
      TIERS_FILE: tiers,
    });
  });
  afterAll(async () => {
    await closed.stop();
    rmSync(folder, { recursive: true });
  });

  it("a symbol's session, holidays and special sessions are told in the chart's form", async () => {
    const { body } = await closed.get('/udf/symbols?symbol=NSE:TCS');
    expect(body).toMatchObject({
      session: '0915-1530',
      session_holidays: `${year}1110`,
      corrections: `1815-1915:${year}1108`,
    });
  });

  it('nobody gets what their tier does not include', async () => {
    for (const path of [
      'symbols?symbol=NSE:SBIN',
      'symbols?symbol=NSE:NOPE',
      'history?symbol=NSE:SBIN&resolution=1&from=0&to=9',
    ]) {
      const { status, body } = await closed.get(`/udf/${path}`);
      expect([status, body]).toEqual([403, { s: 'error', errmsg: expect.stringContaining('tier') }]);
    }
    const quotes = await closed.get('/udf/quotes?symbols=NSE:SBIN,NSE:TCS');
    expect(quotes.body['d']).toMatchObject([{ s: 'error' }, { n: 'NSE:TCS' }]);
    const found = await (await fetch(`${closed.url}/udf/search?query=&limit=500`)).json();
    expect(found).toMatchObject([{ ticker: 'NSE:TCS' }]);
    const refused = await fetch(`${closed.url}/udf/time`, { headers: { Authorization: 'Bearer letters' } });
    expect([refused.status, await refused.json()]).toEqual([401, { s: 'error', errmsg: expect.any(String) }]);
  });
});
