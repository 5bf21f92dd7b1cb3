import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Instrument, systemClock, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { authorize, withoutCode } from './upstox.authorize.js';
import { limitsOf } from './upstox.limits.js';
import { readRefusal } from './upstox.refusal.js';
import { UpstoxRequests } from './upstox.requests.js';
import { readInstruments, shareKey } from './upstox.symbols.js';
import { tokenExpiry } from './upstox.token.js';

describe('instrument keys', () => {
  it.each<[Partial<Instrument> & Pick<Instrument, 'id'>, string | undefined]>([
    [{ id: 'NSE:SBIN', isin: 'INE062A01020' }, 'NSE_EQ|INE062A01020'],
    [{ id: 'BSE:500325', isin: 'INE002A01018' }, 'BSE_EQ|INE002A01018'],
    [{ id: 'NSE:NIFTY50' }, undefined],
    [{ id: 'NASDAQ:AAPL', isin: 'US0378331005' }, undefined],
  ])('of %j is %s', (given, key) => {
    expect(shareKey(anInstrument(given))).toBe(key);
  });

  it('come from the instruments file for shares and, after them, indices', () => {
    const text = readFileSync(new URL('./fixtures/instruments.json', import.meta.url), 'utf8');
    expect([...readInstruments(text)]).toEqual([
      { symbol: 'NSE_EQ|INE062A01020', exchange: 'NSE', ticker: 'SBIN', isin: 'INE062A01020' },
      {
        symbol: 'BSE_EQ|INE002A01018',
        exchange: 'BSE',
        ticker: 'RELIANCE',
        isin: 'INE002A01018',
        bseCode: '500325',
      },
      { symbol: 'NSE_INDEX|Nifty 50', exchange: 'NSE', ticker: 'NIFTY' },
    ]);
    expect(() => [...readInstruments('{}')]).toThrow(/no list/);
  });
});

describe('a token', () => {
  const at = (text: string): number => Date.parse(`${text}+05:30`);
  const jwt = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

  it.each([
    ['2026-11-20T10:00', '2026-11-21T03:30'],
    ['2026-11-20T03:29:59', '2026-11-20T03:30'],
    ['2026-11-20T03:30', '2026-11-21T03:30'],
    ['2026-12-31T23:59', '2027-01-01T03:30'],
  ])('that says nothing, first seen at %s, ends at %s in India', (seen, end) => {
    const clock = new ManualClock(at(seen));
    const expiresAt = tokenExpiry(clock);
    expect(expiresAt('opaque')).toBe(at(end));
    clock.advance(2 * 86_400_000);
    expect(expiresAt('opaque')).toBe(at(end));
    expect(expiresAt('another')).toBeGreaterThan(clock.now());
  });

  it('is believed when it tells its end, and has none when it tells none', () => {
    const expiresAt = tokenExpiry(new ManualClock());
    expect(expiresAt(jwt({ exp: 1_800_000_000 }))).toBe(1_800_000_000_000);
    expect(expiresAt(jwt({}))).toBeUndefined();
  });
});

it('takes as many connections and keys as the plan has', () => {
  expect(limitsOf('normal', 'full', 2)).toEqual({ sockets: 2, symbolsPerSocket: 2000 });
  expect(limitsOf('plus', 'full_d30', 5)).toEqual({ sockets: 5, symbolsPerSocket: 50 });
  expect(() => limitsOf('normal', 'ltpc', 3)).toThrow(/UPSTOX_SOCKETS: the tier normal allows 2/);
  expect(() => limitsOf('normal', 'full_d30', 1)).toThrow(/UPSTOX_MODE: full_d30 needs/);
});

describe('requests', () => {
  const shares = (count: number): Instrument[] =>
    Array.from({ length: count }, (_, i) => anInstrument({ id: `NSE:X${i}`, isin: `INE${i}` }));
  const aClient = (clock = new ManualClock()): UpstoxRequests => new UpstoxRequests('full', shareKey, clock);
  const refused = (given: object): ReturnType<typeof readRefusal> =>
    readRefusal(JSON.stringify({ status: 'failed', method: 'sub', error: 'too many', ...given }));
  const guidOf = (request: Buffer | undefined): string => (JSON.parse(String(request)) as { guid: string }).guid;

  it('are JSON in buffers, each with an id of its own, unsubscriptions without a mode', () => {
    const client = aClient();
    const sent = [...client.subscribe(shares(1)), ...client.unsubscribe(shares(1))];
    expect(sent.map((request) => JSON.parse(request.toString()) as unknown)).toEqual([
      { guid: 'tickwire000000000001', method: 'sub', data: { mode: 'full', instrumentKeys: ['NSE_EQ|INE0'] } },
      { guid: 'tickwire000000000002', method: 'unsub', data: { instrumentKeys: ['NSE_EQ|INE0'] } },
    ]);
    expect(client.instrumentOf('NSE_EQ|INE0')).toMatchObject({ id: 'NSE:X0' });
    expect(client.instrumentOf('NSE_EQ|INE1')).toBeUndefined();
  });

  it('are split into groups of 500 keys', () => {
    const sizes = aClient()
      .subscribe(shares(1200))
      .map(
        (request) => (JSON.parse(request.toString()) as { data: { instrumentKeys: [] } }).data.instrumentKeys.length,
      );
    expect(sizes).toEqual([500, 500, 200]);
  });

  it('that are refused are known by their id, even when others came after them', () => {
    const client = aClient();
    const [first, ...others] = shares(3);
    const [request] = client.subscribe([first!]);
    client.subscribe(others);
    expect(client.heed(refused({ guid: guidOf(request) }))).toMatchObject({
      kind: 'refused',
      instruments: ['NSE:X0'],
      reason: 'the vendor refused a request: too many',
    });
  });

  it('that are refused by name lose only what is named', () => {
    const client = aClient();
    const [request] = client.subscribe(shares(3));
    const error = 'invalid key NSE_EQ|INE1';
    const expected = { kind: 'refused', instruments: ['NSE:X1'] };
    expect(client.heed(refused({ error, guid: guidOf(request) }))).toMatchObject(expected);
    expect(client.heed(refused({ error }))).toMatchObject(expected);
  });

  it('that are refused without a word are the only recent ones, or unknown', () => {
    const clock = new ManualClock();
    const client = aClient(clock);
    client.subscribe(shares(1));
    clock.advance(5001);
    expect(client.heed(refused({}))).toMatchObject({ kind: 'error' });
    client.subscribe(shares(2));
    expect(client.heed(refused({}))).toMatchObject({ kind: 'refused', instruments: ['NSE:X0', 'NSE:X1'] });
    expect(client.heed(refused({ method: 'unsub' }))).toMatchObject({ kind: 'error' });
    client.subscribe(shares(3));
    expect(client.heed(refused({}))).toMatchObject({ kind: 'error' });
  });

  it.each(['', 'null', '5', '[]', '"failed"', '{"status":"success"}', '{"status":{}}', 'gone away'])(
    'are not refused by the text %j',
    (text) => {
      expect(() => readRefusal(text)).toThrow(VendorFrameError);
    },
  );

  it('are refused, or not, by any text, without another error', () => {
    const client = aClient();
    client.subscribe(shares(2));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.json().map((json) => `{"status":"failed","error":${json}}`),
        ),
        (text) => {
          try {
            expect(client.heed(readRefusal(text)).kind).toMatch(/refused|error/);
          } catch (error) {
            expect(error).toBeInstanceOf(VendorFrameError);
          }
        },
      ),
    );
  });
});

describe('authorization', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function answering(status: number, body: string, heard: unknown[] = []): Promise<string> {
    const server = createServer((request, response) => {
      heard.push(request.url, request.headers.authorization);
      response.writeHead(status).end(body);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it.each([
    [
      'authorized_redirect_uri',
      { authorized_redirect_uri: 'wss://new', authorizedRedirectUri: 'wss://old' },
      'wss://new',
    ],
    ['authorizedRedirectUri', { authorizedRedirectUri: 'wss://old' }, 'wss://old'],
  ])('takes the address from %s', async (_, data, address) => {
    const heard: unknown[] = [];
    const base = await answering(200, JSON.stringify({ status: 'success', data }), heard);
    expect(await authorize(base, 'tok', systemClock)).toBe(address);
    expect(heard).toEqual(['/v3/feed/market-data-feed/authorize', 'Bearer tok']);
  });

  it.each([
    ['no JSON', 200, '<html>code=secret1', /without an address/],
    ['no data', 200, '{"status":"success","data":null}', /without an address/],
    ['an address that is none', 200, '{"data":{"authorized_redirect_uri":"code=secret1"}}', /unusable address/],
    ['a web page', 200, '{"data":{"authorized_redirect_uri":"https://x/?code=secret1"}}', /unusable address/],
    ['a refusal', 401, '{"errors":[{"errorCode":"UDAPI100050"}],"code":"secret1"}', /HTTP 401/],
    ['a limit', 429, '', /rate limited/],
  ])('fails without a secret in its words: %s', async (_, status, body, words) => {
    const failure = await authorize(await answering(status, body), 'tok', systemClock).catch((error: Error) => error);
    expect((failure as Error).message).toMatch(words);
    expect((failure as Error).message).not.toMatch(/secret1|tok\b/);
  });

  it('leaves no code in a text', () => {
    expect(withoutCode('Invalid URL: wss://x/feeds?requestId=1-2&code=3-4')).toBe(
      'Invalid URL: wss://x/feeds?requestId=***&code=***',
    );
  });
});
