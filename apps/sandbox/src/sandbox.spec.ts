import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseInstrumentsCsv } from '#domain';
import { RawClient } from '../../../test/support/raw-client.js';
import { aSandbox } from '../../../test/support/vendor-sandbox.js';
import { until } from '../../../test/support/vendor-tools.js';
import type { Sandbox } from './sandbox.js';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await aSandbox({ SANDBOX_SYNTHETIC: '3' });
});
afterAll(() => sandbox.close());
afterEach(() => sandbox.clearFaults());

const BROWSER = { Referer: 'https://www.bseindia.com/', 'User-Agent': 'Mozilla/5.0 (X11) Chrome/142.0 Safari/537.36' };
const bse = (route: string, headers: Record<string, string> = BROWSER): Promise<Response> =>
  fetch(`${sandbox.url}/BseIndiaAPI/api/${route}`, { headers });
const admin = (path: string, method = 'GET', body?: unknown): Promise<Response> =>
  fetch(`${sandbox.url}/admin/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });

describe('BSE', () => {
  it('answers a header with numbers in text, signed changes and Indian minutes', async () => {
    const body = (await (await bse('getScripHeaderData/w?scripcode=500325')).json()) as Record<
      string,
      Record<string, string>
    >;
    expect(body['CurrRate']!['LTP']).toMatch(/^\d+\.\d\d$/);
    expect(body['CurrRate']!['Chg']).toMatch(/^[+-]\d+\.\d\d$/);
    expect(body['Header']!['Ason']).toMatch(/^\d\d [A-Z][a-z]{2} \d\d \| \d\d:\d\d$/);
    expect(body['Cmpname']!['EquityScrips']).toBe('500325');
    expect(body).not.toHaveProperty('volume');
  });

  it('answers trading with quantities beside their unit', async () => {
    const body = (await (await bse('StockTrading/w?scripcode=500325')).json()) as Record<string, string>;
    expect([body['TTQin'] === '(Lakh)', /\./.test(body['TTQ']!)]).toEqual([body['TTQin'] !== '', body['TTQin'] !== '']);
  });

  it('has the manners of the real one', async () => {
    expect((await bse('getScripHeaderData/w?scripcode=500325', {})).status).toBe(403);
    expect(await (await bse('getScripHeaderData/w?scripcode=999999')).text()).toBe('');
    const shell = await bse('nothing/w');
    expect([shell.status, (await shell.text()).startsWith('<!DOCTYPE')]).toEqual([200, true]);
  });

  it('counts what each route is asked', async () => {
    const before = sandbox.stats('bse');
    await bse('getScripHeaderData/w?scripcode=500325');
    await bse('getScripHeaderData/w?scripcode=500325', {});
    await bse('StockTrading/w?scripcode=500325');
    await bse('nothing/w');
    const after = sandbox.stats('bse');
    const more = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]!]));
    expect(more).toEqual({ requests: 4, getScripHeaderData: 2, StockTrading: 1, unknown: 1, quotes: 2, refused: 1 });
  });

  it('fails as it is told', async () => {
    const ask = (): Promise<Response> => bse('getScripHeaderData/w?scripcode=500325');
    sandbox.setFault({ target: 'bse', kind: 'error', status: 502 });
    expect((await ask()).status).toBe(502);
    sandbox.setFault({ target: 'bse', kind: 'rate-limit', retryAfterSeconds: 7 });
    const limited = await ask();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    sandbox.setFault({ target: 'bse', kind: 'disconnect' });
    await expect(ask()).rejects.toThrow();
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'stall' });
    const url = `${sandbox.url}/BseIndiaAPI/api/getScripHeaderData/w?scripcode=500325`;
    await expect(fetch(url, { headers: BROWSER, signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/i);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'malformed' });
    const broken = await Promise.all([ask(), ask(), ask(), ask()].map(async (answer) => (await answer).text()));
    expect(new Set(broken).size).toBe(4);
    expect(broken.filter(isJson)).toHaveLength(2);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'wrong-price', symbol: 'BSE:500325', factor: -1 });
    expect(((await (await ask()).json()) as { CurrRate: { LTP: string } }).CurrRate.LTP).toMatch(/^-\d/);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the JSON stream', () => {
  const connect = (): Promise<RawClient> => RawClient.connect(`${sandbox.url.replace('http', 'ws')}/json/stream`);

  it('answers, sends whole quotes first and then what changed', async () => {
    const client = await connect();
    client.send({ op: 'subscribe', symbols: ['NSE:TCS', 'NSE:NOPE'] });
    expect(await client.next('subscribed')).toEqual({
      type: 'subscribed',
      symbols: ['NSE:TCS'],
      rejected: ['NSE:NOPE'],
    });
    const [first] = (await client.next('quotes'))['data'] as Record<string, unknown>[];
    expect(Object.keys(first!).toSorted()).toEqual([
      'a',
      'ap',
      'as',
      'b',
      'bs',
      'h',
      'l',
      'lc',
      'ls',
      'o',
      'p',
      'pc',
      's',
      't',
      'uc',
      'v',
      'x',
    ]);
    const [second] = (await client.next('quotes'))['data'] as Record<string, unknown>[];
    expect(second).toMatchObject({ s: 'NSE:TCS', p: expect.any(Number), t: expect.any(Number) });
    expect(second).not.toHaveProperty('pc');
    await client.next('heartbeat');
    client.send('nonsense');
    await client.next('error');
    client.close();
  });
});

describe('the admin routes', () => {
  it('switch faults on and off', async () => {
    const fault = { target: 'bse', kind: 'delay', ms: 10 };
    expect(await (await admin('faults', 'POST', fault)).json()).toEqual({ faults: [fault] });
    expect(await (await admin('faults?target=json', 'DELETE')).json()).toEqual({ faults: [fault] });
    expect(await (await admin('faults', 'DELETE')).json()).toEqual({ faults: [] });
  });

  it.each([
    ['faults', { target: 'acme', kind: 'delay' }],
    ['faults', { target: 'bse', kind: 'explode' }],
    ['faults', { target: 'bse', kind: 'delay' }],
    ['faults', { target: 'bse', kind: 'delay', ms: -1 }],
    ['faults', { target: 'bse', kind: 'delay', ms: 1, oops: 1 }],
    ['faults', { target: 'json', kind: 'wrong-price', symbol: 'NSE:NOPE' }],
    ['faults', [1]],
    ['price', { symbol: 'NSE:NOPE', price: 1 }],
    ['price', { symbol: 'NSE:TCS', price: 'high' }],
  ])('refuse %s %j', async (path, body) => {
    const answer = await admin(path, 'POST', body);
    expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([400, ['error']]);
  });

  it('refuse a question for an instrument nobody has', async () => {
    const answer = await admin('quotes?symbols=NSE:TCS,NSE:NOPE');
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'no instrument is called "NSE:NOPE"' }]);
  });

  it('tell the truth, count, and make trades happen', async () => {
    await admin('price', 'POST', { symbol: 'NSE:TCS', price: 3000 });
    const { quotes } = (await (await admin('quotes?symbols=NSE:TCS')).json()) as { quotes: { price: number }[] };
    expect(quotes).toHaveLength(1);
    expect(Math.abs(quotes[0]!.price - 3000)).toBeLessThan(60);
    await until('ticks', () => sandbox.market.ticks > 100);
    expect(await (await admin('stats')).json()).toMatchObject({
      phase: 'continuous',
      instruments: 129,
      json: { opened: expect.any(Number) },
    });
  });
});

it('gives its instrument master, invented names included', async () => {
  const instruments = parseInstrumentsCsv(await (await fetch(`${sandbox.url}/instruments.csv`)).text());
  expect(instruments).toHaveLength(129);
  expect(instruments.at(-1)).toMatchObject({ id: 'NSE:SYN0003', isin: 'INS000000039' });
});
