import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Clock,
  type FeedStatus,
  formatInstrumentsCsv,
  type Instrument,
  parseInstrumentsCsv,
  readEnv,
  type SnapshotSource,
  systemClock,
  type Tick,
} from '#domain';
import { createVendors } from '#vendors';
import { type Sandbox, startSandbox } from '../../apps/sandbox/src/sandbox.js';
import { SandboxEnv } from '../../apps/sandbox/src/sandbox.env.js';
import type { Listing } from '../../apps/sandbox/src/market-model/listing.js';
import { bhavcopyPath, readBhavcopy } from '../../libs/vendors/src/bse/bse.bhavcopy.js';
import { readScripMaster } from '../../libs/vendors/src/bse/bse.scrip-master.js';
import { anInstrument } from '../support/instruments.js';
import { aProduct } from '../support/running-server.js';
import { until, vendorTools } from '../support/vendor-tools.js';

const MINUTE = 60_000;

/** How far the calendar of both sides is from the real one, and how much longer than really the test has run, ms. */
let shifted: number;
let ahead: number;
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + shifted + ahead,
  elapsed: () => performance.now() + ahead,
};

let sandbox: Sandbox;
let states: string[];
let malformed: string[];
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  shifted = 0;
  ahead = 0;
  states = [];
  malformed = [];
  stops = [];
  sandbox = await aSandbox();
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await sandbox.close();
});

function aSandbox(given: Record<string, string> = {}): Promise<Sandbox> {
  const env = { SANDBOX_PORT: '0', SANDBOX_TICKS_PER_SECOND: '10', ...given };
  return startSandbox(readEnv(SandboxEnv, env), clock);
}

/** A market with Indian hours in which it is this time of day, on a Tuesday. */
async function aSandboxAt(time: string): Promise<void> {
  await sandbox.close();
  shifted = Date.parse(`2025-10-14T${time}:00+05:30`) - Date.now();
  sandbox = await aSandbox({ SANDBOX_SESSION: 'clock' });
}

function bse(given: Record<string, string> = {}): SnapshotSource {
  const env = { ...sandbox.settings, ...given };
  const [connections] = createVendors(['bse'], env, vendorTools({ random: () => 0.05, clock }));
  const source = connections!.sources[0]!;
  stops.push(() => source.stop());
  source.start({
    malformed: (_vendor, reason) => void malformed.push(reason),
    status: ({ state }: FeedStatus) => void states.push(state),
  });
  return source;
}

const scrips = (...codes: string[]): Instrument[] =>
  codes.map((code) => anInstrument({ id: `BSE:${code}`, bseCode: code }));
const RELIANCE = scrips('500325');
const listing = (): Listing => sandbox.market.listings.get('BSE:500325')!;
const asked = (what: string): number => sandbox.stats('bse')[what] ?? 0;
const quote = async (source: SnapshotSource): Promise<Tick> => {
  const { ticks, failures } = await source.fetch(RELIANCE);
  expect([...failures.values()]).toEqual([]);
  return ticks[0]!;
};
const failure = async (source: SnapshotSource): Promise<string | undefined> =>
  (await source.fetch(RELIANCE)).failures.get('BSE:500325')?.message;

describe('a quote', () => {
  it('is merged from the routes: price and day values, volume, average price, circuit limits', async () => {
    const { volume, averagePrice } = listing();
    const got = await quote(bse());
    const { lowerCircuit, upperCircuit, previousClose } = listing();
    expect(got).toMatchObject({ lowerCircuit, upperCircuit, previousClose, eventTimeStep: MINUTE, bid: undefined });
    expect(got.price! / listing().last).toBeCloseTo(1, 1);
    expect(got.volume! + 500).toBeGreaterThanOrEqual(volume);
    expect(got.volume! - 500).toBeLessThanOrEqual(listing().volume);
    expect(got.averagePrice! / averagePrice!).toBeCloseTo(1, 1);
  });

  it('takes a call for the header every time, and for the trading at its own rate', async () => {
    const source = bse({ BSE_REQUESTS_PER_SECOND: '1000' });
    for (let i = 0; i < 12; i++) {
      const { ticks } = await source.fetch(scrips('500325', '532540', '500209'));
      expect(ticks.map(({ volume }) => volume! > 0)).toEqual([true, true, true]);
      ahead += 2200;
    }
    expect([asked('getScripHeaderData'), asked('StockTrading'), asked('requests')]).toEqual([36, 6, 42]);
  });

  it('never has a volume that goes back while the market trades', async () => {
    const source = bse({ BSE_REQUESTS_PER_SECOND: '1000', BSE_TRADING_EVERY_MS: '1' });
    let before = 0;
    for (let i = 0; i < 40; i++) {
      const { volume } = await quote(source);
      expect(volume).toBeGreaterThanOrEqual(before);
      before = volume!;
      ahead += 50;
    }
    expect(before).toBeGreaterThan(0);
    expect(asked('StockTrading')).toBe(40);
  });

  it('has the best orders where they are wanted', async () => {
    const { bid, ask, bidSize, askSize } = await quote(bse({ BSE_DEPTH: 'true' }));
    expect(bid).toBeLessThan(ask!);
    expect(Math.min(bidSize!, askSize!)).toBeGreaterThan(0);
  });

  it('of a header without a price is the last point of the graph', async () => {
    await until('a trade', () => listing().lastSize > 0);
    sandbox.setFault({ target: 'bse', kind: 'wrong-price', symbol: 'BSE:500325', factor: 0 });
    const source = bse();
    const got = await quote(source);
    expect(got.price! / listing().last).toBeCloseTo(1, 1);
    expect(got.eventTime! % MINUTE).toBe(0);
    expect(clock.now() - got.eventTime!).toBeLessThan(2 * MINUTE);
    expect(await failure(source)).toMatch(/unknown or suspended/);
    expect(asked('StockReachGraph')).toBe(1);
  });

  it('of a suspended scrip is none, with the reason, and its graph is not asked for', async () => {
    listing().haltedUntil = Infinity;
    expect(await failure(bse())).toBe('bse: no quote of BSE:500325: Trading in the scrip is suspended');
    expect(asked('requests')).toBe(1);
    expect(states).toEqual(['live']);
  });

  it('of a scrip that is halted for a while is its last price', async () => {
    listing().haltedUntil = clock.now() + MINUTE;
    expect(await quote(bse())).toMatchObject({ price: listing().last });
  });
});

describe('by Indian hours', () => {
  it('before the open a quote is the last price, without counts of the day', async () => {
    await aSandboxAt('09:05');
    const got = await quote(bse());
    expect(got).toMatchObject({ price: listing().previousClose, volume: undefined, open: undefined });
    expect(asked('requests')).toBe(1);
  });

  it('after the close time stands still, there are no orders, and in the end only the header is asked for', async () => {
    await aSandboxAt('15:29');
    const source = bse({ BSE_DEPTH: 'true' });
    expect((await quote(source)).bid).toBeGreaterThan(0);
    ahead += 2 * MINUTE;
    await until('the close', () => sandbox.market.phase === 'closed');
    expect((await quote(source)).bid).toBeNaN();

    ahead += 60 * MINUTE;
    const four = Date.parse('2025-10-14T16:00:00+05:30');
    const evening = await quote(source);
    expect(evening).toMatchObject({ price: listing().last, eventTime: four });
    const before = asked('StockTrading');
    for (let i = 0; i < 5; i++) {
      ahead += MINUTE;
      expect(await quote(source)).toMatchObject({ eventTime: four, volume: evening.volume });
    }
    expect(asked('StockTrading')).toBe(before);
  });
});

describe('the files of the site', () => {
  const get = (path: string): Promise<Response> =>
    fetch(`${sandbox.url}${path}`, {
      headers: { Referer: 'https://www.bseindia.com/', 'User-Agent': 'Mozilla/5.0 (X11) Chrome/142.0' },
    });

  it('make an instrument master of all scrips', async () => {
    const text = await (await get('/BseIndiaAPI/api/ListofScripData/w?segment=Equity&status=Active')).text();
    const master = parseInstrumentsCsv(formatInstrumentsCsv(readScripMaster(text)));
    const traded = [...sandbox.market.listings.keys()].filter((id) => id.startsWith('BSE:'));
    expect(master.map(({ id }) => id).toSorted()).toEqual(traded.toSorted());
    expect(await quote(bse())).toMatchObject({ instrument: master.find(({ ticker }) => ticker === 'RELIANCE')!.id });
  });

  it('hold the last session, once it has closed', async () => {
    await aSandboxAt('15:29');
    expect((await get(bhavcopyPath('20251014'))).status).toBe(404);
    const yesterday = readBhavcopy(await (await get(bhavcopyPath('20251013'))).text(), clock.now());
    expect(yesterday.find(({ instrument }) => instrument === 'BSE:500325')).toMatchObject({
      price: listing().previousClose,
      volume: undefined,
    });
    ahead += 2 * MINUTE;
    await until('the close', () => sandbox.market.phase === 'closed');
    const today = readBhavcopy(await (await get(bhavcopyPath('20251014'))).text(), clock.now());
    const { last, volume, high, averagePrice } = listing();
    expect(today.find(({ instrument }) => instrument === 'BSE:500325')).toMatchObject({
      price: last,
      volume,
      high,
      averagePrice,
      eventTime: Date.parse('2025-10-14T15:30:00+05:30'),
    });
  });
});

describe('with cookies', () => {
  const withCookies = { BSE_COOKIES: 'true' };

  it('the site is visited once, whoever asks first, and every call sends what it gave', async () => {
    const { ticks } = await bse(withCookies).fetch(scrips('500325', '532540', '500209', '500180'));
    expect(ticks).toHaveLength(4);
    expect([asked('home'), asked('withCookies'), asked('requests')]).toEqual([1, 8, 9]);
  });

  it('the site is visited again when they are refused, once for all calls, and nobody goes without a quote', async () => {
    const source = bse(withCookies);
    await quote(source);
    ahead += 21 * MINUTE;
    const { ticks } = await source.fetch(scrips('500325', '532540', '500209', '500180'));
    expect(ticks).toHaveLength(4);
    expect([asked('home'), asked('refused')]).toEqual([2, 4]);
    expect(states).toEqual(['live']);
  });

  it('a refusal of new ones is taken for what it is', async () => {
    const source = bse(withCookies);
    await quote(source);
    sandbox.setFault({ target: 'bse', kind: 'error', status: 403 });
    expect(await failure(source)).toMatch(/HTTP 403/);
    expect(await failure(source)).toMatch(/not asked after failures/);
    // the visit and one quote before, one refused
    expect([asked('home'), asked('requests')]).toEqual([1, 4]);
  });

  it('a site that cannot be visited is a vendor that fails', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error', status: 500 });
    const source = bse(withCookies);
    expect(await failure(source)).toMatch(/HTTP 500/);
    expect([asked('home'), asked('getScripHeaderData')]).toEqual([3, 0]);
    sandbox.clearFaults();
    expect(await quote(source)).toMatchObject({ vendor: 'bse' });
  });
});

describe('when the vendor fails', () => {
  it('answers a batch with one tick per scrip, and names what has no quote', async () => {
    const { ticks: got, failures } = await bse().fetch(scrips('500325', '532540', '999999'));
    expect(got.map(({ instrument }) => instrument)).toEqual(['BSE:500325', 'BSE:532540']);
    expect(got[0]!.price).toBeGreaterThan(0);
    expect([...failures].map(([id, { code, retryable }]) => [id, code, retryable])).toEqual([
      ['BSE:999999', 'SOURCE_FAILED', false],
    ]);
    expect(states).toEqual(['live']);
  });

  it('leaves what the vendor does not have to the next one for five minutes, and tells each answer when it comes', async () => {
    const source = bse();
    const told: string[] = [];
    await source.fetch(scrips('500325', '999999'), ({ id }) => told.push(id));
    expect(told.toSorted()).toEqual(['BSE:500325', 'BSE:999999']);
    expect([...source.unserved()]).toEqual(['BSE:999999']);
    ahead += 300_001;
    expect(source.unserved().size).toBe(0);
  });

  it('keeps to the rate limit with all calls of all batches', async () => {
    const source = bse({ BSE_REQUESTS_PER_SECOND: '20', BSE_BURST: '5' });
    const started = performance.now();
    await Promise.all([
      source.fetch(scrips('500325', '532540', '500209', '500180')),
      source.fetch(scrips('500112', '500875', '500510')),
    ]);
    // five at once, nine more a twentieth of a second apart
    expect(performance.now() - started).toBeGreaterThan(445);
    expect(asked('requests')).toBe(14);
  });

  it('tries again after errors that pass, and counts what it got', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error', share: 0.4 });
    const source = bse();
    const headers = (): number => asked('getScripHeaderData');
    for (let [isAnswered, before] = [false, headers()]; !isAnswered || headers() <= before + 1; ahead += 61_000) {
      before = headers();
      isAnswered = (await source.fetch(RELIANCE)).ticks.length === 1;
    }
  });

  it('stops asking a vendor that only fails, and finds out by itself that it is back', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error' });
    const source = bse();
    await source.fetch(scrips('500325', '532540', '500209'));
    expect(states).toEqual(['down']);
    const { requests } = sandbox.stats('bse');
    expect(await failure(source)).toMatch(/not asked after failures/);
    expect(asked('requests')).toBe(requests);
    sandbox.clearFaults();
    expect(source.status().state).toBe('down');
    ahead += 5001;
    // nobody asks what is down, and only a question can show that it is back
    expect(source.status().state).toBe('idle');
    expect(await quote(source)).toMatchObject({ vendor: 'bse' });
    expect(states).toEqual(['down', 'live']);
  });

  it('waits as long as a vendor that limits us says', async () => {
    sandbox.setFault({ target: 'bse', kind: 'rate-limit', retryAfterSeconds: 1 });
    const started = performance.now();
    const answer = bse().fetch(RELIANCE);
    await until('the first refusal', () => asked('requests') === 1);
    sandbox.clearFaults();
    expect((await answer).ticks).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(states).toEqual(['down', 'live']);
  });

  it('leaves a vendor that turns us away alone', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error', status: 403 });
    const source = bse();
    await source.fetch(RELIANCE);
    sandbox.clearFaults();
    await source.fetch(RELIANCE);
    expect(asked('requests')).toBe(1);
  });

  it('gives up on an answer that does not come', async () => {
    sandbox.setFault({ target: 'bse', kind: 'stall' });
    expect(await failure(bse({ BSE_TIMEOUT_MS: '150' }))).toMatch(/timed out/i);
  });

  it('survives connections that break, answers that are cut short, and answers that come late', async () => {
    const source = bse();
    sandbox.setFault({ target: 'bse', kind: 'disconnect' });
    expect((await source.fetch(RELIANCE)).failures.size).toBe(1);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'malformed', share: 0.5 });
    for (let i = 0; i < 5; i++) await source.fetch(RELIANCE);
    expect(malformed.length).toBeGreaterThan(0);
    sandbox.clearFaults();
    ahead += 61_000;
    sandbox.setFault({ target: 'bse', kind: 'delay', ms: 200 });
    expect((await source.fetch(RELIANCE)).ticks).toHaveLength(1);
  });
});

it('gives the server its first values by the end-of-day file, with their age', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bhavcopy-'));
  const file = join(folder, 'closes.csv');
  const rows = ['2025-10-14,STK,500325,1375.5,1370', '2025-10-14,STK,1,5,4'];
  await writeFile(file, ['TradDt,FinInstrmTp,FinInstrmId,ClsPric,PrvsClsgPric', ...rows].join('\n'));
  const product = await aProduct({ VENDORS: 'bse', BSE_BHAVCOPY: file });
  try {
    expect(product.quote('BSE:500325')).toMatchObject({ price: 1375.5, previousClose: 1370, source: 'bse' });
    expect(product.quote('BSE:532540')?.price).toBeUndefined();
  } finally {
    await product.stop();
    await rm(folder, { recursive: true });
  }
});
