import { unpack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aProduct, type Product } from '../support/running-server.js';

let product: Product;

beforeAll(async () => {
  product = await aProduct();
});
afterAll(() => product.stop());

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(product.url + path, init);
const as = (accept: string): RequestInit => ({ headers: { Accept: accept } });
const QUOTES = '/api/v1/quotes?symbols=NSE:SBIN,NSE:NOPE';

describe('an answer comes in the format asked for', () => {
  it('as MessagePack: the same as the JSON', async () => {
    const response = await ask(QUOTES, as('application/msgpack, application/json;q=0.5'));
    expect(response.headers.get('content-type')).toBe('application/vnd.msgpack');
    expect(unpack(Buffer.from(await response.arrayBuffer()))).toMatchObject({
      quotes: [{ symbol: 'NSE:SBIN', companyName: 'State Bank of India', stale: false }],
      errors: [{ symbol: 'NSE:NOPE', code: 'INVALID_SYMBOL' }],
    });
  });

  it('as CSV: a row for each symbol, the code in the last column for those that failed', async () => {
    const response = await ask(QUOTES, as('text/csv'));
    const [head, quote, failed] = (await response.text()).split('\r\n');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(head).toMatch(/^symbol,companyName,price,.*,status,error$/);
    expect(quote).toMatch(/^NSE:SBIN,State Bank of India,\d/);
    expect(failed).toMatch(/^NSE:NOPE,,.*,INVALID_SYMBOL$/);
  });

  it('and says that it depends on what is asked for', async () => {
    expect((await ask(QUOTES)).headers.get('vary')).toContain('Accept');
  });

  it('or not at all, with the formats there are', async () => {
    const response = await ask(QUOTES, as('image/png'));
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({
      code: 'NOT_ACCEPTABLE',
      detail: expect.stringContaining('application/vnd.msgpack'),
    });
  });

  it('also when it is an error', async () => {
    const response = await ask('/api/v1/quotes/NSE:NOPE', as('application/vnd.msgpack'));
    expect(response.status).toBe(404);
    expect(unpack(Buffer.from(await response.arrayBuffer()))).toMatchObject({ code: 'INVALID_SYMBOL' });
  });
});

describe('a tag', () => {
  it('is answered 304 for the same symbols, and is another in another format', async () => {
    const path = '/api/v1/symbols?q=bank';
    const tags = await Promise.all(
      ['application/json', 'application/msgpack', 'text/csv'].map(async (type) =>
        (await ask(path, as(type))).headers.get('etag'),
      ),
    );
    expect(new Set(tags).size).toBe(3);
    const again = await ask(path, { headers: { 'If-None-Match': `"other", W/${tags[0]}` } });
    expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'private, max-age=60']);
    const other = await ask(path, { headers: { 'If-None-Match': tags[0] as string, Accept: 'text/csv' } });
    expect(other.status).toBe(200);
  });
});

describe('a tag is the same while nothing but the time has changed', () => {
  it.each<[string, Record<string, string>]>([
    ['/api/v1/market/status', {}],
    ['/api/v1/market/status', as('application/msgpack').headers as Record<string, string>],
    ['/api/v2/candles?symbol=NSE:TCS&interval=1d&from=2099-01-01', {}],
  ])('of %s', async (path, headers) => {
    const tag = (await ask(path, { headers })).headers.get('etag') as string;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await ask(path, { headers: { ...headers, 'If-None-Match': tag } })).status).toBe(304);
  });

  it('of a book', async () => {
    const path = '/api/v1/depth/NSE:ITC';
    const tagged = async (): Promise<string> => {
      const response = await ask(path);
      const { age: _age, ...book } = (await response.json()) as { age: number };
      return `${JSON.stringify(book)} ${response.headers.get('etag')}`;
    };
    const seen = new Map<string, string>();
    for (let i = 0; i < 30; i++) {
      const [book = '', tag = ''] = (await tagged()).split(/ (?=W\/)/);
      expect(seen.get(book) ?? tag).toBe(tag);
      seen.set(book, tag);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});

it('holds a reader of a table back while the table is the same', async () => {
  const path = '/api/v1/quotes?symbols=NSE:NOPE';
  const tag = (await ask(path, as('text/csv'))).headers.get('etag') as string;
  const startedAt = performance.now();
  const known = await ask(`${path}&wait=1`, { headers: { Accept: 'text/csv', 'If-None-Match': tag } });
  expect([known.status, performance.now() - startedAt > 900]).toEqual([304, true]);
  const again = performance.now();
  // the reader knows the table, and has asked for JSON
  const other = await ask(`${path}&wait=10`, { headers: { 'If-None-Match': tag } });
  expect([other.status, performance.now() - again < 9000]).toEqual([200, true]);
});

it('writes no formula into a table', async () => {
  for (const symbol of ['=HYPERLINK("http://a/?b")', '+1', '-1+1', '@SUM(A1)']) {
    const response = await ask(`/api/v1/quotes?symbols=${encodeURIComponent(symbol)}`, as('text/csv'));
    const [, row = ''] = (await response.text()).split('\r\n');
    expect(row.replace(/^"/, '')).toMatch(/^'[=+@-]/);
  }
  const decimals = await (await ask('/api/v2/quotes?index=NIFTY50', as('text/csv'))).text();
  expect(decimals).not.toMatch(/(^|,)"?'/m);
});

it('takes a path as it is written, or not at all', async () => {
  for (const path of ['/API/v1/quotes?symbols=NSE:SBIN', '/api/V1/Quotes?symbols=NSE:SBIN', '/api/v1/Symbols'])
    expect((await ask(path, as('text/csv'))).status).toBe(404);
  for (const path of ['/health/live', '/docs/openapi.json', '/udf/config', '/metrics'])
    expect((await ask(path)).status).toBe(200);
});

describe('a request that HTTP itself refuses', () => {
  const json = { 'Content-Type': 'application/json' };
  it.each<[string, string, RequestInit, number, string]>([
    [
      'a body that is no JSON',
      '/api/v1/quotes/batch',
      { method: 'POST', headers: json, body: '{' },
      400,
      'INVALID_MESSAGE',
    ],
    [
      'a body without symbols',
      '/api/v1/quotes/batch',
      { method: 'POST', headers: json, body: '{}' },
      400,
      'INVALID_MESSAGE',
    ],
    [
      'a body that is too large',
      '/api/v1/quotes/batch',
      { method: 'POST', headers: json, body: `"${'x'.repeat(200_000)}"` },
      413,
      'MESSAGE_TOO_LARGE',
    ],
    [
      'a body of another type',
      '/api/v1/quotes/batch',
      { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a charset that is none of JSON',
      '/api/v1/quotes/batch',
      { method: 'POST', headers: { 'Content-Type': 'application/json; charset=latin1' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a method the path does not have', '/api/v1/quotes', { method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a path there is not', '/api/v1/nothing', { method: 'PUT' }, 404, 'UNSUPPORTED_ACTION'],
  ])('%s', async (_what, path, init, status, code) => {
    const response = await ask(path, init);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const answer = (await response.json()) as { detail: string };
    expect(answer).toMatchObject({ status, code, instance: path });
    if (status === 404) expect(answer.detail).toBe(`There is no PUT ${path}`);
    if (status === 405) expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('version 1', () => {
  it('names its successor where there is one', async () => {
    const { headers } = await ask('/api/v1/quotes/NSE:SBIN');
    expect(headers.get('link')).toBe('</api/v2/quotes/NSE:SBIN>; rel="successor-version"');
    const list = await ask('/api/v1/symbols?q=bank&limit=2');
    expect(list.headers.get('link')).toBe('</api/v2/symbols?q=bank&limit=2>; rel="successor-version"');
    expect(headers.get('deprecation')).toMatch(/^@\d{10}$/);
    expect(Date.parse(headers.get('sunset') as string)).toBeGreaterThan(Date.UTC(2027, 0));
    expect((await ask('/api/v1/depth/NSE:SBIN')).headers.get('deprecation')).toBeNull();
  });

  it('takes a list of symbols as a body', async () => {
    const body = JSON.stringify({ symbols: ['NSE:SBIN', 'NSE:NOPE'] });
    const response = await ask('/api/v1/quotes/batch', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ quotes: [{ symbol: 'NSE:SBIN' }], errors: [{ symbol: 'NSE:NOPE' }] });
  });
});

describe('version 2', () => {
  it('gives exact decimals in groups with their sources', async () => {
    const { data } = (await (await ask('/api/v2/quotes/NSE:TCS')).json()) as { data: Record<string, object> };
    const decimal = expect.stringMatching(/^\d+\.\d\d$/);
    expect(data).toMatchObject({
      symbol: 'NSE:TCS',
      currency: 'INR',
      price: { source: 'json', last: decimal, time: expect.any(String), received: expect.any(String) },
      book: { source: 'json', bid: decimal, ask: decimal },
      day: { source: 'json', high: decimal, date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
      layer: expect.stringMatching(/l[13]/),
    });
  });

  it('goes through all matches page by page, each once, and takes a cursor for its own question only', async () => {
    const found: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages++) {
      const answer = await ask(`/api/v2/symbols?index=NIFTY50&limit=20${cursor}`);
      const { data, page, meta } = (await answer.json()) as {
        data: { symbol: string }[];
        page: { next: string | null };
        meta: { total: number };
      };
      found.push(...data.map(({ symbol }) => symbol));
      if (page.next === null) {
        expect(found).toHaveLength(meta.total);
        break;
      }
      cursor = `&cursor=${page.next}`;
    }
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBeGreaterThan(40);
    expect((await ask(`/api/v2/symbols?index=SENSEX&limit=20${cursor}`)).status).toBe(400);
  });

  it('says in a header where a table goes on', async () => {
    const first = await ask('/api/v2/symbols?index=NIFTY50&limit=20', as('text/csv'));
    const { page } = (await (await ask('/api/v2/symbols?index=NIFTY50&limit=20')).json()) as { page: { next: string } };
    expect(first.headers.get('x-next')).toBe(page.next);
    expect((await ask('/api/v2/symbols?index=NIFTY50', as('text/csv'))).headers.get('x-next')).toBeNull();
  });

  it('gives a symbol that is asked for twice once, over all pages', async () => {
    const path = '/api/v2/quotes?symbols=NSE:SBIN,NSE:SBIN,NSE:TCS&limit=1';
    type Page = { data: { symbol: string }[]; page: { next: string | null } };
    const first = (await (await ask(path)).json()) as Page;
    const second = (await (await ask(`${path}&cursor=${first.page.next}`)).json()) as Page;
    expect([...first.data, ...second.data].map(({ symbol }) => symbol)).toEqual(['NSE:SBIN', 'NSE:TCS']);
    expect(second.page.next).toBeNull();
  });

  it('gives the quotes of an index', async () => {
    const { data, page } = (await (await ask('/api/v2/quotes?index=NIFTY50&limit=3')).json()) as {
      data: object[];
      page: { next: string };
    };
    expect([data.length, page.next.length > 0]).toEqual([3, true]);
    expect((await ask('/api/v2/quotes')).status).toBe(400);
  });
});

it('tells operators how the process does', async () => {
  const answer = (await (await ask('/api/v1/metrics/performance')).json()) as { process: Record<string, unknown> };
  expect(answer.process).toMatchObject({
    routes: expect.arrayContaining([
      expect.objectContaining({ route: 'GET /api/v2/symbols', p50: expect.any(Number), p99: expect.any(Number) }),
      expect.objectContaining({ route: 'none', refused: expect.any(Number) }),
    ]),
    reads: { hitRate: expect.any(Number) },
    vendors: expect.arrayContaining([expect.objectContaining({ state: expect.any(String) })]),
  });
  expect((await ask('/api/v1/metrics/performance?date=2020-01-01')).status).toBe(404);
});

describe('what is asked oddly', () => {
  it.each(['NSE:SBIN,', 'NSE:SBIN,,%20NSE:TCS', 'NSE:SBIN&symbols=NSE:TCS,'])(
    'is read as it is meant: %s',
    async (list) => {
      for (const version of ['v1', 'v2']) {
        const { errors } = (await (await ask(`/api/${version}/quotes?symbols=${list}`)).json()) as {
          errors: unknown[];
        };
        expect(errors).toEqual([]);
      }
    },
  );

  it.each(['', ',', '%20,'])('is refused where no symbol is left of "%s"', async (list) => {
    const answer = await ask(`/api/v1/quotes?symbols=${list}`);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: 'INVALID_MESSAGE', detail: expect.stringContaining('at least 1') },
    ]);
  });

  it.each([
    ['GET', '/api/v1/nope', 404],
    ['PUT', '/api/v1/quotes', 405],
  ])('is named with its whole path: %s %s', async (method, path, status) => {
    const answer = await ask(`${path}?a=b`, { method });
    expect([answer.status, await answer.json()]).toMatchObject([status, { detail: `There is no ${method} ${path}` }]);
  });
});
