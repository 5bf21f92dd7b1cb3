import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Feed, type FeedStatus, type Instrument, readEnv, silentLog, type Tick } from '#domain';
import { createVendors } from '#vendors';
import { SandboxEnv } from '../../apps/sandbox/src/sandbox.env.js';
import { type Sandbox, startSandbox } from '../../apps/sandbox/src/sandbox.js';
import { sandboxToken } from '../../apps/sandbox/src/upstox/upstox.token.js';
import { anInstrument } from '../support/instruments.js';
import { ManualClock } from '../support/manual-clock.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until, vendorTools } from '../support/vendor-tools.js';

const ISIN = { RELIANCE: 'INE002A01018', TCS: 'INE467B01029', INFY: 'INE009A01021' };

let sandbox: Sandbox;
let ticks: Tick[];
let statuses: FeedStatus[];
let malformed: string[];
let warnings: object[];
let stops: (() => Promise<void> | void)[];

const sink = {
  tick: (tick: Tick): void => void ticks.push(tick),
  malformed: (_vendor: string, reason: string): void => void malformed.push(reason),
  status: (status: FeedStatus): void => void statuses.push(status),
};

beforeEach(async () => {
  sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '40' });
  [ticks, statuses, malformed, warnings, stops] = [[], [], [], [], []];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await sandbox.close();
});

function aFeed(given: Record<string, string> = {}): Feed {
  const env: Record<string, string> = { ...sandbox.settings, ...given };
  const log = { ...silentLog, warn: (fields: object): void => void warnings.push(fields) };
  // small chance: reconnects come soon
  const [connections] = createVendors(['upstox'], env, vendorTools({ random: () => 0.02, log }));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  return feed;
}

const shares = (...tickers: (keyof typeof ISIN)[]): Instrument[] =>
  tickers.map((ticker) => anInstrument({ id: `NSE:${ticker}`, isin: ISIN[ticker] }));
const seen = (): Set<string> => new Set(ticks.map(({ instrument }) => instrument));
const stats = (): Readonly<Record<string, number>> => sandbox.stats('upstox');

it('brings what is wanted: a snapshot of every field, then what moves, and no more what is not wanted', async () => {
  const feed = aFeed();
  feed.want(shares('RELIANCE', 'TCS'));
  await until('ticks of both', () => seen().size === 2);
  const first = ticks.find(({ instrument }) => instrument === 'NSE:RELIANCE')!;
  const listing = sandbox.market.listings.get('NSE:RELIANCE')!;
  expect(first).toMatchObject({ vendor: 'upstox', previousClose: listing.previousClose });
  for (const field of ['price', 'bid', 'ask', 'bidSize', 'askSize'] as const) expect(first[field]).toBeGreaterThan(0);
  await until('a trade', () => ticks.some(({ eventTime }) => eventTime !== undefined));
  const traded = ticks.find(({ eventTime }) => eventTime !== undefined)!;
  for (const field of ['open', 'high', 'low', 'volume', 'averagePrice', 'lastSize'] as const)
    expect(traded[field], field).toBeGreaterThan(0);

  feed.want(shares('TCS', 'INFY'));
  await until('ticks of the new one', () => seen().has('NSE:INFY'));
  ticks.length = 0;
  await until('more ticks', () => ticks.length > 20);
  expect(seen()).toEqual(new Set(['NSE:TCS', 'NSE:INFY']));
  expect(stats()).toMatchObject({ authorized: 1, opened: 1, requests: 3, ignored: 0, rejected: 0 });
  expect(statuses.map(({ state }) => state)).toEqual(['connecting', 'live']);
});

it('ends at the price of the market, though some records come without a price', async () => {
  aFeed().want(shares('RELIANCE'));
  await until('records of the book alone', () => ticks.some(({ price, bid }) => price === undefined && bid! > 0));
  sandbox.market.stop();
  sandbox.market.print('NSE:RELIANCE', 1500.05);
  const { last, bid, ask, volume, tradedAt } = sandbox.market.listings.get('NSE:RELIANCE')!;
  await until('the last trade', () => ticks.at(-1)?.price === last);
  expect(ticks.at(-1)).toMatchObject({ price: last, bid, ask, volume, eventTime: tradedAt });
});

it.each([
  ['ltpc', { bid: undefined, volume: undefined }],
  ['full', { bid: expect.any(Number) as number }],
])('asks for the mode %s', async (mode, expected) => {
  aFeed({ UPSTOX_MODE: mode }).want(shares('TCS'));
  await until('a tick', () => ticks.length > 0);
  expect(ticks[0]).toMatchObject({ price: expect.any(Number) as number, ...expected });
});

it('has 30 levels with the plus plan only', async () => {
  expect(() => aFeed({ UPSTOX_MODE: 'full_d30' })).toThrow(/full_d30 needs UPSTOX_TIER=plus/);
  expect(() => aFeed({ UPSTOX_SOCKETS: '3' })).toThrow(/normal allows 2 connections/);
  const plus = { UPSTOX_TIER: 'plus', UPSTOX_SECRET_ACCESS_TOKEN: sandboxToken('P', 'plus') };
  aFeed({ UPSTOX_MODE: 'full_d30', ...plus }).want(shares('TCS'));
  await until('a tick', () => ticks.length > 0);
  expect(ticks[0]!.bid).toBeGreaterThan(0);
});

describe('comes back', () => {
  it.each([
    ['a lost connection', { kind: 'disconnect' }],
    ['an orderly close', { kind: 'error', status: 503 }],
  ] as const)('after %s, with a new code and everything it had', async (_, fault) => {
    const feed = aFeed();
    feed.want(shares('RELIANCE', 'TCS'));
    await until('ticks', () => seen().size === 2);
    sandbox.setFault({ target: 'upstox', ...fault });
    await until('the loss', () => feed.status().state === 'down');
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of both again', () => seen().size === 2);
    expect(feed.status()).toMatchObject({ state: 'live', instruments: 2, lastError: undefined });
    expect(stats()['authorized']).toBeGreaterThanOrEqual(2);
  });

  it('with the token that the file holds by then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'upstox-'));
    stops.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    writeFileSync(file, sandboxToken('A', 'normal', Date.now() - 1000));
    const feed = aFeed({ UPSTOX_TOKEN_FILE: file });
    feed.want(shares('TCS'));
    await until('the complaint', () => /the access token expired/.test(feed.status().lastError ?? ''));
    expect(stats()['authorized']).toBe(0);
    writeFileSync(file, `${sandboxToken('A', 'normal', Date.now() + 60_000)}\n`);
    await until('ticks', () => ticks.length > 0);
  });

  it('from a token the vendor refuses in mid-session, as soon as it is taken again', async () => {
    const feed = aFeed();
    feed.want(shares('TCS'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'upstox', kind: 'error', status: 401 });
    await until('the refusal', () => /HTTP 401/.test(feed.status().connections?.[0]?.lastError ?? ''));
    sandbox.clearFaults();
    await until('life', () => feed.status().state === 'live');
  });

  it('no sooner than a vendor that limits calls says', async () => {
    sandbox.setFault({ target: 'upstox', kind: 'rate-limit', retryAfterSeconds: 1 });
    const feed = aFeed();
    const started = performance.now();
    feed.want(shares('TCS'));
    await until('the refusal', () => stats()['refused'] === 1);
    sandbox.clearFaults();
    await until('ticks', () => ticks.length > 0);
    expect(performance.now() - started).toBeGreaterThan(990);
  });
});

it('does not hurry a vendor that limits calls and asks for no pause', async () => {
  sandbox.setFault({ target: 'upstox', kind: 'rate-limit', retryAfterSeconds: 0 });
  const started = performance.now();
  aFeed().want(shares('TCS'));
  await until('refusals', () => stats()['refused']! >= 2);
  await new Promise((resolve) => setTimeout(resolve, 400));
  // 20, 40, 80 ms and so on lie between them
  expect(stats()['refused']).toBeLessThan(3 + Math.log2((performance.now() - started) / 20 + 1));
});

it('goes on after frames that cannot be read, and reports each', async () => {
  const feed = aFeed();
  feed.want(shares('RELIANCE', 'TCS'));
  await until('ticks', () => ticks.length > 0);
  sandbox.setFault({ target: 'upstox', kind: 'malformed', share: 0.5 });
  await until('reports', () => malformed.length > 8);
  sandbox.clearFaults();
  ticks.length = 0;
  await until('ticks of both', () => seen().size === 2);
  expect(stats()['opened']).toBe(1);
});

it('gives up what the vendor refuses, and says so for each instrument', async () => {
  const feed = aFeed({ UPSTOX_TIER: 'plus', UPSTOX_MODE: 'full_d30' });
  feed.want(shares('TCS', 'INFY'));
  await until('the refusal', () => feed.unserved().size === 2);
  expect(stats()).toMatchObject({ rejected: 1, records: 0 });
  expect(warnings).toMatchObject([{ refused: 2, reason: expect.stringMatching(/Plus only/) as string }]);
});

it('hears when the market closes, and is pinged when nothing more comes', async () => {
  const clock = new ManualClock(Date.parse('2026-11-20T15:29:58+05:30'));
  const env = readEnv(SandboxEnv, { SANDBOX_PORT: '0', SANDBOX_SESSION: 'clock' });
  const closing = await startSandbox(env, clock);
  stops.push(() => closing.close());
  const told: object[] = [];
  const log = { ...silentLog, info: (fields: object): void => void told.push(fields) };
  const [connections] = createVendors(['upstox'], closing.settings, vendorTools({ log }));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  feed.want(shares('TCS'));
  await until('ticks', () => ticks.length > 0);
  // that the market is open when we come is no news
  expect(told).toEqual([]);
  clock.advance(4000);
  await until('the close', () => told.length === 11);
  expect(told).toContainEqual({ vendor: 'upstox', segment: 'NSE_EQ', status: 'NORMAL_CLOSE' });
  expect(closing.stats('upstox')['pings']).toBe(0);
  clock.advance(11_000);
  expect(closing.stats('upstox')['pings']).toBe(1);
});

it('passes on what the vendor says, also a wrong price: telling is the work of validation', async () => {
  sandbox.setFault({ target: 'upstox', kind: 'wrong-price', symbol: 'NSE:TCS', factor: -1 });
  aFeed().want(shares('TCS', 'INFY'));
  await until('ticks of both', () => seen().size === 2);
  const signs = new Map(ticks.flatMap(({ instrument, price }) => (price ? [[instrument, Math.sign(price)]] : [])));
  expect(signs).toEqual(
    new Map([
      ['NSE:TCS', -1],
      ['NSE:INFY', 1],
    ]),
  );
});

it('never shows a token or a code, whatever fails', async () => {
  const feed = aFeed();
  feed.want(shares('TCS'));
  for (const kind of ['malformed', 'error', 'disconnect', 'rate-limit'] as const) {
    sandbox.setFault({ target: 'upstox', kind, status: 403, retryAfterSeconds: 0, share: 0.7 });
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const told = JSON.stringify([statuses, malformed, warnings]);
  expect(told.length).toBeGreaterThan(100);
  expect(told).not.toContain(sandbox.settings['UPSTOX_SECRET_ACCESS_TOKEN']);
  expect(told).not.toMatch(/code=[^*]/);
});

describe('silence', () => {
  // a Saturday: nothing is expected to move
  const timed = (): { clock: ManualClock; feed: Feed } => {
    const clock = new ManualClock(Date.parse('2026-11-21T06:00:00Z'));
    const [connections] = createVendors(['upstox'], { ...sandbox.settings }, vendorTools({ clock }));
    const feed = connections!.feeds[0]!;
    stops.push(() => feed.stop());
    feed.start(sink);
    return { clock, feed };
  };

  it('is no fault while our pings are answered', async () => {
    const { clock, feed } = timed();
    feed.want(shares('TCS'));
    await until('ticks', () => ticks.length > 0);
    sandbox.market.stop();
    for (let i = 0; i < 5; i++) {
      clock.advance(10_000);
      await until('the answer to the ping', () => feed.status().lastFrameAt === clock.now());
    }
    expect([feed.status().state, stats()['opened']]).toEqual(['live', 1]);
  });

  it('of a connection that does not answer is found out within 20 seconds', async () => {
    const { clock, feed } = timed();
    feed.want(shares('TCS'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'upstox', kind: 'stall' });
    const last = feed.status().lastFrameAt!;
    while (feed.status().state === 'live' && clock.now() - last < 60_000) {
      clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(feed.status()).toMatchObject({ state: 'stalled', lastError: expect.stringMatching(/silent for/) as string });
    // what was on its way when the fault began may have come since
    const silent = clock.now() - feed.status().lastFrameAt!;
    expect(silent).toBeGreaterThanOrEqual(10_000);
    expect(silent).toBeLessThanOrEqual(20_000);
  });
});

describe('the simulator', () => {
  const authorized = async (token: string): Promise<string> => {
    const answer = await fetch(`${sandbox.url}/v3/feed/market-data-feed/authorize`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { data } = (await answer.json()) as { data: Record<string, string> };
    expect(data['authorizedRedirectUri']).toBe(data['authorized_redirect_uri']);
    return data['authorized_redirect_uri']!;
  };
  /** What a handshake ends with: 101, or the status of the refusal. */
  const shake = (url: string, headers: Record<string, string> = {}): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, { headers, followRedirects: true });
      stops.push(() => socket.terminate());
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      socket.on('error', () => undefined);
    });

  it('opens one connection per code, and two per user', async () => {
    const token = sandboxToken('U');
    const first = await authorized(token);
    expect(await shake(first)).toBe(101);
    expect(await shake(first)).toBe(401);
    expect(await shake(await authorized(token))).toBe(101);
    expect(await shake(await authorized(token))).toBe(403);
    expect(await shake(await authorized(sandboxToken('V')))).toBe(101);
  });

  it('leads the direct way to an address of its own', async () => {
    const direct = `${sandbox.url.replace('http', 'ws')}/v3/feed/market-data-feed`;
    expect(await shake(direct, { Authorization: `Bearer ${sandboxToken('U')}` })).toBe(101);
    expect(await shake(direct)).toBe(401);
  });

  it("refuses calls in the vendor's words", async () => {
    const call = async (path: string, token: string): Promise<unknown[]> => {
      const answer = await fetch(`${sandbox.url}${path}`, { headers: { Authorization: `Bearer ${token}` } });
      const { errors } = (await answer.json()) as { errors: { errorCode: string }[] };
      return [answer.status, errors[0]!.errorCode];
    };
    const path = '/v3/feed/market-data-feed/authorize';
    expect(await call(path, 'none')).toEqual([401, 'UDAPI100050']);
    expect(await call(path, sandboxToken('U', 'normal', Date.now() - 1))).toEqual([401, 'UDAPI100050']);
    expect(await call('/v3/feed/other', sandboxToken('U'))).toEqual([404, 'UDAPI10000']);
  });

  it('does not hear requests sent as text, and answers wrong ones with a text', async () => {
    const socket = new WebSocket(await authorized(sandboxToken('U')));
    stops.push(() => socket.terminate());
    const heard: string[] = [];
    socket.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? 'frame' : data.toString()));
    await new Promise((resolve) => socket.once('open', resolve));
    const request = (data: object): string => JSON.stringify({ guid: 'g', method: 'sub', data });
    socket.send(request({ mode: 'full', instrumentKeys: ['NSE_EQ|INE467B01029'] }));
    await until('the request', () => stats()['ignored'] === 1);
    socket.send(Buffer.from(request({ mode: 'best', instrumentKeys: [] })));
    await until('the refusal', () => heard.length === 2);
    expect(heard).toEqual(['frame', '{"status":"failed","method":"sub","error":"invalid mode"}']);
  });
});
