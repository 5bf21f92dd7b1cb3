import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Feed, type FeedStatus, type Instrument, type Log, silentLog, type Tick } from '#domain';
import { createVendors, type VendorTools } from '#vendors';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { anInstrument } from '../support/instruments.js';
import { ManualClock } from '../support/manual-clock.js';
import { aProduct } from '../support/running-server.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until, vendorTools } from '../support/vendor-tools.js';

let sandbox: Sandbox;
let ticks: Tick[];
let states: string[];
let malformed: string[];
let logged: string[];
let stops: (() => Promise<void>)[];

const sink = {
  tick: (tick: Tick): void => void ticks.push(tick),
  malformed: (_vendor: string, reason: string): void => void malformed.push(reason),
  status: ({ state }: FeedStatus): void => void states.push(state),
};

beforeEach(() => {
  ticks = [];
  states = [];
  malformed = [];
  logged = [];
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await sandbox.close();
});

const start = async (env: Record<string, string> = {}): Promise<void> => {
  sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '50', ...env });
};

function polygon(given: Record<string, string> = {}, tools: Partial<VendorTools> = {}): Feed {
  const warn = (...what: unknown[]): void => void logged.push(JSON.stringify(what));
  const log: Log = { ...silentLog, warn };
  const env = { ...sandbox.settings, ...given };
  const [connections] = createVendors(['polygon'], env, vendorTools({ random: () => 0.02, log, ...tools }));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  return feed;
}

const us = (...ids: string[]): Instrument[] => ids.map((id) => anInstrument({ id, tickSize: 0.01, currency: 'USD' }));
const instrumentsSeen = (): Set<string> => new Set(ticks.map(({ instrument }) => instrument));

it('asks for a key before anything else', async () => {
  await start();
  expect(() => polygon({ POLYGON_SECRET_API_KEY: '' })).toThrow(/POLYGON_SECRET_API_KEY/);
  expect(() => polygon({ POLYGON_CHANNELS: 'T,X' })).toThrow(/POLYGON_CHANNELS/);
});

describe('a Polygon stream', () => {
  it('brings trades and quotes of what is wanted, and asks only for what changed', async () => {
    await start();
    const feed = polygon();
    expect(us('NASDAQ:AAPL', 'NYSE:BRK.B', 'NSE:TCS').map((one) => feed.carries(one))).toEqual([true, true, false]);
    feed.want(us('NASDAQ:AAPL', 'NYSE:BRK.B'));
    await until('ticks of both', () => instrumentsSeen().size === 2);
    expect(states).toEqual(['connecting', 'live']);
    // three topics each
    expect(sandbox.stats('polygon')).toMatchObject({ opened: 1, requests: 2, topics: 6 });
    feed.want(us('NYSE:BRK.B', 'NASDAQ:MSFT'));
    await until('ticks of the new one', () => instrumentsSeen().has('NASDAQ:MSFT'));
    ticks.length = 0;
    await until('more ticks', () => ticks.length > 40);
    expect(instrumentsSeen()).toEqual(new Set(['NYSE:BRK.B', 'NASDAQ:MSFT']));
    expect(sandbox.stats('polygon')).toMatchObject({ opened: 1, requests: 4, topics: 6 });
  });

  it('ends at the market’s price, whatever odd lots and prices between cents came with it', async () => {
    await start();
    const feed = polygon();
    feed.want(us('NASDAQ:AAPL', 'NASDAQ:NVDA', 'NYSE:IBM'));
    await until('many trades', () => ticks.filter(({ price }) => price !== undefined).length > 100);
    sandbox.market.stop();
    const isTruth = (id: string): boolean => {
      const { last, bid, ask } = sandbox.market.listings.get(id)!;
      const price = ticks.findLast((tick) => tick.instrument === id && tick.price !== undefined)?.price;
      const quote = ticks.findLast((tick) => tick.instrument === id && tick.bid !== undefined);
      return price === last && quote?.bid === bid && quote.ask === ask;
    };
    await until('the end state', () => ['NASDAQ:AAPL', 'NASDAQ:NVDA', 'NYSE:IBM'].every(isTruth));
    for (const { price = 1 } of ticks) expect(price * 100).toBeCloseTo(Math.round(price * 100), 6);
    expect(malformed).toEqual([]);
  });

  it('calls an instrument what the user says the vendor calls it', async () => {
    await start();
    const symbols = new Map([['polygon', new Map([['NYSE:BRKB', 'BRK.B']])]]);
    const [connections] = createVendors(['polygon'], sandbox.settings, vendorTools(), symbols);
    const feed = connections!.feeds[0]!;
    stops.push(() => feed.stop());
    feed.start(sink);
    feed.want(us('NYSE:BRKB'));
    await until('ticks', () => instrumentsSeen().has('NYSE:BRKB'));
  });

  it('brings the day with the bars', async () => {
    await start();
    const feed = polygon({ POLYGON_CHANNELS: 'A' });
    feed.want(us('NASDAQ:AAPL'));
    await until('two bars', () => ticks.length >= 2);
    const [first, second] = ticks as [Tick, Tick];
    expect(second.eventTime! - first.eventTime!).toBeGreaterThanOrEqual(1000);
    expect(second.volume!).toBeGreaterThan(first.volume!);
    const { open, lowerCircuit, upperCircuit } = sandbox.market.listings.get('NASDAQ:AAPL')!;
    expect(first).toMatchObject({ open, eventTimeStep: 1000 });
    expect(first.price).toBeGreaterThan(lowerCircuit);
    expect(first.price).toBeLessThan(upperCircuit);
    expect(first.eventTime! % 1000).toBe(0);
  });

  it('gives up for long when the key is refused, and keeps the key to itself', async () => {
    await start();
    const feed = polygon({ POLYGON_SECRET_API_KEY: 'wrong-and-secret' });
    feed.want(us('NASDAQ:AAPL'));
    await until('the refusal', () => states.includes('down'));
    expect(feed.status().lastError).toMatch(/the key is refused: authentication failed/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sandbox.stats('polygon')).toMatchObject({ opened: 1, refused: 1 });
    expect(feed.unserved()).toEqual(new Set(['NASDAQ:AAPL']));
    expect(logged.join()).not.toContain('wrong-and-secret');
  });

  it('cools down when another connection of the account is there, instead of fighting it', async () => {
    await start();
    const other = new WebSocket(sandbox.settings['POLYGON_URL']!);
    other.on('open', () => other.send(JSON.stringify({ action: 'auth', params: 'sandbox-polygon-key' })));
    other.on('message', (data: Buffer) => {
      if (String(data).includes('auth_success')) other.send('{"action":"subscribe","params":"T.*"}');
    });
    await until('the other one’s topic', () => sandbox.stats('polygon')['topics'] === 1);
    const feed = polygon();
    feed.want(us('NASDAQ:AAPL'));
    await until('the end', () => states.includes('down'));
    expect(feed.status().lastError).toMatch(/too many connections of this account/);
    expect(logged.join()).toMatch(/"retryInMs":60000/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await until('the other one alone', () => sandbox.stats('polygon')['connections'] === 1);
    expect(sandbox.stats('polygon')).toMatchObject({ opened: 2, crowded: 1 });
    other.terminate();
  });

  it('comes back after a lost connection, with everything it had, and says what may have cut it off', async () => {
    await start();
    const feed = polygon();
    feed.want(us('NASDAQ:AAPL', 'NASDAQ:MSFT'));
    await until('ticks', () => ticks.length > 5);
    sandbox.setFault({ target: 'polygon', kind: 'disconnect' });
    await until('the loss', () => states.includes('down'));
    expect(feed.status().lastError).toBeDefined();
    expect(logged[0]).toMatch(/we read too slowly for the vendor/);
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of both again', () => instrumentsSeen().size === 2);
    expect(feed.status()).toMatchObject({ state: 'live', instruments: 2, lastError: undefined });
  });

  it('lives through quiet hours on pongs, and finds out that a connection answers none', async () => {
    await start({ SANDBOX_TICKS_PER_SECOND: '0.01' });
    const clock = new ManualClock(Date.now());
    const feed = polygon({ POLYGON_DEAD_AFTER_MS: '10000' }, { clock });
    feed.want(us('NYSE:KO'));
    await until('a live connection', () => feed.status().state === 'live');
    for (let i = 0; i < 4; i++) {
      clock.advance(7500);
      await until('an answer to the ping', () => feed.status().lastFrameAt === clock.now());
    }
    expect([feed.status().state, sandbox.stats('polygon')['opened']]).toEqual(['live', 1]);
    sandbox.setFault({ target: 'polygon', kind: 'stall' });
    for (let i = 0; i < 3; i++) clock.advance(7500);
    expect(states).toContain('stalled');
    expect(feed.status().lastError).toMatch(/silent for \d+ ms/);
    sandbox.clearFaults();
    clock.advance(1000);
    await until('life', () => feed.status().state === 'live');
  });

  it('goes on after frames that cannot be read, and reports them', async () => {
    await start();
    const feed = polygon();
    sandbox.setFault({ target: 'polygon', kind: 'malformed', share: 0.3 });
    feed.want(us('NASDAQ:AAPL', 'NASDAQ:MSFT', 'NYSE:JPM'));
    await until('reports', () => malformed.length > 4);
    await until('ticks', () => ticks.length > 20);
    expect(sandbox.stats('polygon')['opened']).toBe(1);
  });

  it.each([
    [{ kind: 'error', status: 502 }, /refused with HTTP 502|closed with 1011/],
    [{ kind: 'rate-limit' }, /too many connections/],
  ] as const)('is down while the vendor has the fault %j', async (fault, reason) => {
    await start();
    const feed = polygon();
    feed.want(us('NASDAQ:AAPL'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'polygon', ...fault });
    await until('the loss', () => states.includes('down'));
    await until('the reason', () => reason.test(feed.status().lastError ?? ''));
  });

  it('shows a wrong price as the vendor sent it: validation is to judge', async () => {
    await start();
    polygon().want(us('NASDAQ:AAPL'));
    sandbox.setFault({ target: 'polygon', kind: 'wrong-price', factor: 100 });
    await until('one', () => ticks.some(({ price = 0 }) => price > 10_000));
  });
});

it('passes validation as a whole: nothing off the tick size, nothing late, and the volume of the day', async () => {
  await start();
  const product = await aProduct(
    { VENDORS: 'polygon', POLYGON_CHANNELS: 'T,Q,A', ACTIVE_SYMBOLS_MS: '100' },
    { SANDBOX_TICKS_PER_SECOND: '60' },
  );
  stops.push(() => product.stop());
  const symbols = ['NASDAQ:AAPL', 'NASDAQ:TSLA', 'NYSE:BRK.B'];
  await product.get(`/api/v1/quotes?symbols=${symbols.join(',')}`);
  await until('quotes with volume', () => symbols.every((symbol) => (product.quote(symbol)?.volume ?? 0) > 0));
  await until('many trades, every seventh finer than a cent', () => product.sandbox.stats('polygon')['events']! > 400);
  for (const symbol of symbols) expect(product.quote(symbol)).toMatchObject({ source: 'polygon' });
  const { body } = await product.get('/api/v1/validation');
  expect(body).toMatchObject({ rejections: [] });
});
