import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { hashApiKey } from '#auth';
import { QuoteReader } from '#cache';
import { Sessions } from '#gateway';
import { aProduct, type Product } from '../support/running-server.js';

let product: Product;
let guarded: Product;
let connection: Connection;
let dir: string;

const KEYS = { all: newKey('all'), few: newKey('few'), slow: newKey('slow') };

beforeAll(async () => {
  product = await aProduct({ VENDORS: 'json' });
  connection = new Connection(product);
  await waitForLive(connection);
  dir = mkdtempSync(join(tmpdir(), 'tickwire-quick-'));
  const keys = Object.entries(KEYS).map(([id, key]) => ({ id, hash: hashApiKey(key), tier: id }));
  writeFileSync(join(dir, 'keys.json'), JSON.stringify({ keys }));
  const tiers = { all: {}, few: { symbols: ['NSE:TCS'] }, slow: { requestsPerMinute: 1000 } };
  writeFileSync(join(dir, 'tiers.json'), JSON.stringify({ tiers }));
  guarded = await aProduct({
    VENDORS: 'json',
    AUTH: 'required',
    API_KEYS_FILE: join(dir, 'keys.json'),
    TIERS_FILE: join(dir, 'tiers.json'),
  });
});
afterAll(async () => {
  connection.close();
  await product.stop();
  await guarded.stop();
  rmSync(dir, { recursive: true });
});

const SYMBOLS = ['NSE:RELIANCE', 'NSE:TCS', 'NSE:SBIN', 'NSE:INFY', 'NSE:TITAN', 'NSE:ITC', 'NSE:LT', 'NSE:M%26M'];

/** One keep-alive connection that shows each answer's bytes. */
class Connection {
  private readonly socket: Socket;
  private text = '';
  private wake: () => void = () => undefined;

  constructor({ url }: Product) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    this.socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk;
      this.wake();
    });
  }

  async get(path: string, headers: readonly string[] = []): Promise<string> {
    this.socket.write(['GET ' + path + ' HTTP/1.1', 'Host: test', ...headers, '', ''].join('\r\n'));
    for (;;) {
      const [head = '', ...rest] = this.text.split('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      const end = head.length + 4 + length;
      if (rest.length > 0 && this.text.length >= end) {
        const answer = this.text.slice(0, end);
        this.text = this.text.slice(end);
        return answer;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

function newKey(id: string): string {
  return `tw_${id}_${randomBytes(32).toString('base64url')}`;
}

async function waitForLive(at: Connection, headers: readonly string[] = []): Promise<void> {
  for (;;) {
    const answer = await at.get(`/api/v1/quotes?symbols=${SYMBOLS.join()}`, headers);
    if (!/"layer":"l[234]"/.test(answer) && answer.includes('"errors":[]')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What differs between two answers to the same request: when it was, how old the values were, and the address of a problem. */
function comparable(answer: string): string {
  const body = answer.slice(answer.indexOf('\r\n\r\n'));
  return answer
    .replace(
      body,
      body
        .replace(/"age":\d+/g, '"age":0')
        .replace(/,\d+,(l[1-4]),/g, ',0,$1,')
        .replace('&wait=0', ''),
    )
    .replace('&wait=0>', '>')
    .replace(/^Date: .*$/m, '')
    .replace(/^Content-Length: .*$/m, '');
}

const tagOf = (answer: string): string | undefined => /^etag: (.*)$/im.exec(answer)?.[1];

/** The same request to the quick way and to the routes, at a moment when no price moved between them. */
async function both(
  list: string,
  headers: readonly string[],
  at = connection,
): Promise<[quick: string, routed: string]> {
  for (;;) {
    const path = `/api/v1/quotes?symbols=${list}`;
    const quick = await at.get(path, headers);
    const routed = await at.get(`${path}&wait=0`, headers);
    if (tagOf(quick) === tagOf(routed)) return [quick, routed];
  }
}

const symbol = fc.constantFrom(
  ...SYMBOLS,
  ...SYMBOLS,
  'NSE%3ATCS',
  'NSE:NOPE',
  'nse:tcs',
  '',
  '%20NSE:ITC',
  'NSE:ITC+',
  '%E0%A4%A',
);
const header = fc.constantFrom(
  'Accept: */*',
  'Accept: application/json',
  'Accept: text/html, */*;q=0.1',
  'Accept: text/csv',
  'Accept: application/json;q=0.1, text/csv;q=0',
  'Accept: image/png',
  'Authorization: Bearer nobody',
  'X-API-Key: nobody',
  'Origin: http://127.0.0.1:3000',
  'If-None-Match: *',
  'Cookie: a=b',
  'X-Forwarded-For: 10.0.0.1',
  'Accept-Language: en',
);

it('answers alike, byte for byte, what it answers itself and what it leaves to the routes', async () => {
  const taken = vi.spyOn(product.server.app.get(QuoteReader), 'takeCurrent');
  const lists = fc.tuple(fc.array(symbol, { minLength: 1, maxLength: 6 }), fc.constantFrom(',', '%2C'));
  const requests = fc.tuple(lists, fc.uniqueArray(header, { maxLength: 2, selector: (text) => text.split(':')[0] }));
  await fc.assert(
    fc.asyncProperty(requests, async ([[symbols, comma], headers]) => {
      const [quick, routed] = await both(symbols.join(comma), headers);
      expect(comparable(quick)).toBe(comparable(routed));
    }),
    { seed: 20261121, numRuns: 300 },
  );
  const shares = taken.mock.results.filter(({ value }) => value === true).length;
  taken.mockRestore();
  // most lists have a symbol or a header that is not plain
  expect(shares).toBeGreaterThan(40);
});

it('answers alike where credentials are asked for, by tier, and while it drains', async () => {
  const at = new Connection(guarded);
  await waitForLive(at, [`X-API-Key: ${KEYS.all}`]);
  const taken = vi.spyOn(guarded.server.app.get(QuoteReader), 'takeCurrent');
  const alike = async (headers: readonly string[]): Promise<[status: string | undefined, isQuick: boolean]> => {
    taken.mockClear();
    const [quick, routed] = await both('NSE:TCS,NSE:SBIN', headers, at);
    const withoutCounts = (answer: string): string => comparable(answer).replace(/^X-RateLimit-R.*$/gm, '');
    expect(withoutCounts(quick)).toBe(withoutCounts(routed));
    return [quick.split(' ')[1], taken.mock.results.some(({ value }) => value === true)];
  };
  expect(await alike([])).toEqual(['401', false]);
  expect(await alike([`X-API-Key: ${newKey('all')}`])).toEqual(['401', false]);
  expect(await alike([`X-API-Key: ${KEYS.few}`])).toEqual(['200', false]);
  expect(await alike([`X-API-Key: ${KEYS.slow}`])).toEqual(['200', false]);
  expect(await alike([`X-API-Key: ${KEYS.all}`])).toEqual(['200', true]);
  guarded.server.app.get(Sessions).announceDrain(0, Math.random);
  expect(await alike([`X-API-Key: ${KEYS.all}`])).toEqual(['200', true]);
  at.close();
});

it('answers what is not current by the routes, which ask a vendor', async () => {
  const read = vi.spyOn(product.server.app.get(QuoteReader), 'read');
  const answer = await connection.get('/api/v1/quotes?symbols=NSE:HDFCBANK');
  expect([read.mock.calls.length, /"layer":"(l\d)"/.exec(answer)?.[1]]).toEqual([1, 'l3']);
  read.mockRestore();
});

it('counts its answers like the others', async () => {
  const { body } = await product.get('/api/v1/metrics/performance');
  const { routes } = body['process'] as { routes: { route: string; requests: number }[] };
  expect(routes.find(({ route }) => route === 'GET /api/v1/quotes')?.requests).toBeGreaterThan(300);
});
