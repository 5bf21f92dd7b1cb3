import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Feed,
  type FeedStatus,
  type Instrument,
  InstrumentMaster,
  type Tick,
  type VendorConnections,
} from '#domain';
import { createVendors, type SymbolTables, symbolTables, type VendorTools } from '#vendors';
import { mintToken, REFUSED_KEY, SANDBOX_KEY } from '../../apps/sandbox/src/fyers/fyers.credentials.js';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { anInstrument } from '../support/instruments.js';
import { ManualClock } from '../support/manual-clock.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until, vendorTools } from '../support/vendor-tools.js';

let sandbox: Sandbox;
let ticks: Tick[];
let states: string[];
let malformed: string[];
let connections: VendorConnections;
let directory: string;

const sink = {
  tick: (tick: Tick): void => void ticks.push(tick),
  malformed: (_vendor: string, reason: string): void => void malformed.push(reason),
  status: ({ state }: FeedStatus): void => void states.push(state),
};

beforeEach(() => {
  ticks = [];
  states = [];
  malformed = [];
  directory = mkdtempSync(join(tmpdir(), 'fyers-'));
});

afterEach(async () => {
  for (const feed of connections.feeds) await feed.stop();
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

/** A market in which a test need not wait. */
const BUSY: Record<string, string> = { SANDBOX_TICKS_PER_SECOND: '50', SANDBOX_STEP_MS: '10' };

interface Given {
  readonly env?: Record<string, string>;
  readonly tools?: Partial<VendorTools>;
  readonly symbols?: SymbolTables;
}

async function fyers({ env = {}, tools = {}, symbols }: Given = {}, sandboxEnv = BUSY): Promise<Feed> {
  sandbox = await aSandbox(sandboxEnv);
  const settings = { ...sandbox.settings, ...env };
  [connections] = createVendors(['fyers'], settings, vendorTools({ random: () => 0.05, ...tools }), symbols) as [
    VendorConnections,
  ];
  const feed = connections.feeds[0]!;
  feed.start(sink);
  return feed;
}

const names = (...tickers: string[]): Instrument[] => tickers.map((ticker) => anInstrument({ id: `NSE:${ticker}` }));
const synthetic = (count: number): Instrument[] =>
  names(...Array.from({ length: count }, (_, i) => `SYN${String(i + 1).padStart(4, '0')}`));
const seen = (): Set<string> => new Set(ticks.map(({ instrument }) => instrument));
const stats = (): Readonly<Record<string, number>> => sandbox.stats('fyers');
/** What the ticks so far come to. */
const merged = (id: string): Record<string, unknown> => {
  const quote: Record<string, unknown> = {};
  for (const tick of ticks) {
    if (tick.instrument !== id) continue;
    for (const [field, value] of Object.entries(tick)) if (value !== undefined) quote[field] = value;
  }
  return quote;
};

describe('brings the market', () => {
  it('every field of it, as it is', async () => {
    const feed = await fyers();
    feed.want(names('RELIANCE', 'TCS'));
    await until('ticks', () => ticks.length > 60);
    sandbox.market.stop();
    const listing = sandbox.market.listings.get('NSE:TCS')!;
    const { last, volume, bid, ask, bidSize, askSize, lastSize, averagePrice, open, high, low } = listing;
    const { previousClose, lowerCircuit, upperCircuit } = listing;
    await until('the last tick', () => merged('NSE:TCS')['volume'] === volume && merged('NSE:TCS')['bid'] === bid);
    expect(merged('NSE:TCS')).toMatchObject({
      vendor: 'fyers',
      eventTime: Math.floor(listing.changedAt / 1000) * 1000,
      eventTimeStep: 1000,
      price: last,
      volume,
      bid,
      ask,
      bidSize,
      askSize,
      lastSize,
      averagePrice,
      open,
      high,
      low,
      previousClose,
      lowerCircuit,
      upperCircuit,
    });
    expect(states).toEqual(['connecting', 'live']);
    expect(malformed).toEqual([]);
  });

  it('in lite mode only prices after the first value', async () => {
    const feed = await fyers({ env: { FYERS_MODE: 'lite' } });
    feed.want(names('TCS'));
    await until('ticks', () => ticks.length > 10);
    expect(ticks[0]).toMatchObject({ volume: expect.any(Number) as number });
    for (const tick of ticks.slice(1))
      expect(tick).toMatchObject({ price: expect.any(Number) as number, volume: undefined, bid: undefined });
  });

  it('asks only for what changed, and acknowledges as it is told to', async () => {
    const feed = await fyers();
    feed.want(names('RELIANCE', 'TCS'));
    await until('ticks of both', () => seen().size === 2);
    feed.want(names('TCS', 'INFY'));
    await until('ticks of the new one', () => seen().has('NSE:INFY'));
    ticks.length = 0;
    await until('more ticks', () => ticks.length > 60);
    expect(seen()).toEqual(new Set(['NSE:TCS', 'NSE:INFY']));
    expect(stats()).toMatchObject({ opened: 1, subscribed: 3, ignored: 0, requests: 2, missedAcks: 0, strayAcks: 0 });
    await until('acknowledgements', () => stats()['acks']! > 15);
  });

  it('of BSE what the symbol file names, found by ISIN', async () => {
    const isin = 'INE002A01018';
    const reliance = anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE', isin, bseCode: '500325' });
    const file = [
      '12100000532540,TCS,0,1,0.05,INE467B01029,0915-1530,2026-11-20,,BSE:TCS-A,12,10,532540',
      `12100000500325,RELIANCE,0,1,0.05,${isin},0915-1530,2026-11-20,,BSE:RELIANCE-A,12,10,500325`,
    ].join('\n');
    const symbols = symbolTables(
      new Map([['fyers', file.replaceAll('1210000', '1210000000')]]),
      new InstrumentMaster([reliance]),
    );
    const feed = await fyers({ symbols });
    expect(feed.carries(anInstrument({ id: 'BSE:532540', bseCode: '532540' }))).toBe(false);
    feed.want([reliance]);
    await until('ticks', () => seen().has('BSE:500325'));
  });

  it('over as many connections as it takes, 200 symbols each', async () => {
    const feed = await fyers({}, { SANDBOX_SYNTHETIC: '450' });
    feed.want(synthetic(450));
    await until('ticks of all', () => seen().size === 450);
    expect(stats()).toMatchObject({ opened: 3, subscribed: 450, ignored: 0 });
    expect(feed.status().connections?.map(({ instruments }) => instruments)).toEqual([200, 200, 50]);
    expect(feed.unserved().size).toBe(0);
  });
});

describe('finds out what it cannot have', () => {
  it('symbols the vendor does not know go to another', async () => {
    const feed = await fyers();
    feed.want(names('TCS', 'NOSUCH'));
    await until('ticks', () => seen().has('NSE:TCS'));
    expect([...feed.unserved()]).toEqual(['NSE:NOSUCH']);
  });

  it('more symbols than its connections take', async () => {
    const feed = await fyers({ env: { FYERS_SOCKETS: '1' } }, { SANDBOX_SYNTHETIC: '210' });
    feed.want(synthetic(210));
    await until('ticks', () => seen().size === 200);
    expect(feed.unserved().size).toBe(10);
    expect(stats()['opened']).toBe(1);
  });

  it('a token that the stream refuses, which is not tried again at once', async () => {
    const token = mintToken(REFUSED_KEY, Date.now());
    const feed = await fyers({ env: { FYERS_SECRET_ACCESS_TOKEN: token } });
    feed.want(names('TCS'));
    await until('the refusal', () => feed.status().state === 'down');
    expect(feed.status().lastError).toBe('the token is refused');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stats()).toMatchObject({ opened: 1, refused: 1 });
  });

  it.each([
    ['is no pair', 'eyJhbGciOiJIUzI1NiJ9.e30.x', /must be APPID:JWT/],
    ['has no stream key', 'APP-100:eyJhbGciOiJIUzI1NiJ9.e30.x', /no claim hsm_key/],
    ['is no JSON Web Token', 'APP-100:secret', /no JSON Web Token/],
    ['has expired', mintToken(SANDBOX_KEY, Date.now() - 7_200_000, 3_600_000), /expired at/],
  ])('a token that %s: it does not connect, and does not quote it', async (_, token, reason) => {
    const feed = await fyers({ env: { FYERS_SECRET_ACCESS_TOKEN: token } });
    feed.want(names('TCS'));
    await until('the failure', () => feed.status().state === 'down');
    expect(feed.status().lastError).toMatch(reason);
    expect(feed.status().lastError).not.toContain(token.slice(-6));
    expect(connections.credentials![0]!.status().state).toMatch(/missing|expired/);
    expect(stats()['opened']).toBe(0);
  });
});

describe('comes back', () => {
  it('after a lost connection with all it had, reading the token anew', async () => {
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, `${mintToken(SANDBOX_KEY, Date.now())}\n`);
    const feed = await fyers({ env: { FYERS_TOKEN_FILE: tokenFile } });
    feed.want(names('RELIANCE', 'TCS'));
    await until('ticks of both', () => seen().size === 2);
    writeFileSync(tokenFile, mintToken('0123456789abcdef', Date.now()));
    sandbox.setFault({ target: 'fyers', kind: 'disconnect' });
    await until('the loss', () => states.includes('down'));
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of both again', () => seen().size === 2);
    // what was learnt of the symbols is good for the day
    expect(stats()).toMatchObject({ opened: 2, subscribed: 4, requests: 1 });
    expect(feed.status()).toMatchObject({ state: 'live', lastError: undefined });
  });

  it('within ten seconds after a connection that is there and mute, and not while it only has no news', async () => {
    const clock = new ManualClock(Date.now());
    const feed = await fyers({ tools: { clock, isTrading: () => false } });
    feed.want(names('RELIANCE'));
    await until('ticks', () => ticks.length > 0);
    sandbox.market.stop();
    for (let i = 0; i < 5; i++) {
      const { lastFrameAt } = feed.status();
      clock.advance(3000);
      await until('an answer to a ping', () => feed.status().lastFrameAt !== lastFrameAt);
    }
    expect(feed.status().state).toBe('live');
    sandbox.setFault({ target: 'fyers', kind: 'stall' });
    clock.advance(9999);
    expect(feed.status()).toMatchObject({ state: 'stalled', lastError: 'silent for 9000 ms' });
    sandbox.clearFaults();
    ticks.length = 0;
    clock.advance(500);
    await until('its value again', () => ticks.length > 0);
    expect(stats()['pings']).toBeGreaterThan(0);
  });

  it('from a subscription that is refused: others get it until it is asked for again', async () => {
    const clock = new ManualClock(Date.now());
    const feed = await fyers({ tools: { clock } });
    feed.want(names('TCS', 'INFY'));
    await until('ticks of both', () => seen().size === 2);
    feed.want(names('TCS'));
    sandbox.setFault({ target: 'fyers', kind: 'rate-limit' });
    feed.want(names('TCS', 'INFY'));
    await until('the refusal', () => feed.status().connections?.[0]?.lastError === 'a message of type 4 is refused');
    await until('ticks, silence of which would be a fault too', () => ticks.at(-1)?.receivedAt === clock.now());
    for (let i = 0; i < 4; i++) {
      clock.advance(2000);
      await until('ticks', () => ticks.at(-1)?.receivedAt === clock.now());
    }
    expect([...feed.unserved()]).toEqual(['NSE:INFY']);
    expect(stats()).toMatchObject({ opened: 1, subscribed: 2 });
  });

  it('looks symbols up again when that fails, and says why', async () => {
    const feed = await fyers();
    feed.want(names('TCS'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'fyers', kind: 'rate-limit', retryAfterSeconds: 1 });
    const asked = performance.now();
    feed.want(names('TCS', 'INFY'));
    await until('the refusal', () => stats()['rateLimited'] === 1);
    sandbox.clearFaults();
    await until('ticks of the new one', () => seen().has('NSE:INFY'));
    expect(performance.now() - asked).toBeGreaterThan(990);
    expect(stats()).toMatchObject({ opened: 1, requests: 3, rateLimited: 1 });
  });

  it('goes on after frames that cannot be read, and reports each', async () => {
    const feed = await fyers();
    feed.want(names('RELIANCE', 'TCS', 'INFY'));
    await until('ticks', () => seen().size === 3);
    sandbox.setFault({ target: 'fyers', kind: 'malformed', share: 0.2 });
    await until('reports', () => malformed.length > 8);
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of all', () => seen().size === 3);
    expect(stats()).toMatchObject({ opened: 1, missedAcks: 0, strayAcks: 0 });
    // only changes are sent: a price whose frame was lost is right again with the next one
    const listing = sandbox.market.listings.get('NSE:TCS')!;
    await until('the right price', () => merged('NSE:TCS')['price'] === listing.last);
  });
});

it('lets go of everything when it is stopped', async () => {
  const clock = new ManualClock(Date.now());
  const feed = await fyers({ tools: { clock } });
  feed.want(names('RELIANCE'));
  await until('ticks', () => ticks.length > 0);
  expect(clock.pending).toBeGreaterThan(0);
  await feed.stop();
  expect(clock.pending).toBe(0);
  await until('no connection', () => stats()['connections'] === 0);
});
