import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Feed, type FeedStatus, type Instrument, type SnapshotSource, type Tick } from '#domain';
import { createVendors, type VendorTools } from '#vendors';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { anInstrument } from '../support/instruments.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until, vendorTools } from '../support/vendor-tools.js';

let sandbox: Sandbox;
let ticks: Tick[];
let states: string[];
let malformed: string[];
let stops: (() => Promise<void>)[];

const sink = {
  tick: (tick: Tick): void => void ticks.push(tick),
  malformed: (_vendor: string, reason: string): void => void malformed.push(reason),
  status: ({ state }: FeedStatus): void => void states.push(state),
};

beforeEach(async () => {
  sandbox = await aSandbox();
  ticks = [];
  states = [];
  malformed = [];
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await sandbox.close();
});

const env = (given: Record<string, string> = {}): Record<string, string> => ({
  ...sandbox.settings,
  ...given,
});

const quickly: Partial<VendorTools> = { random: () => 0.05 };

function bse(given: Record<string, string> = {}): SnapshotSource {
  const [connections] = createVendors(['bse'], env(given), vendorTools(quickly));
  const source = connections!.sources[0]!;
  stops.push(() => source.stop());
  source.start(sink);
  return source;
}

function json(given: Record<string, string> = {}): Feed {
  const [connections] = createVendors(['json'], env(given), vendorTools(quickly));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  return feed;
}

const scrips = (...codes: string[]): Instrument[] =>
  codes.map((code) => anInstrument({ id: `BSE:${code}`, bseCode: code }));
const names = (...tickers: string[]): Instrument[] => tickers.map((ticker) => anInstrument({ id: `NSE:${ticker}` }));
const instrumentsSeen = (): Set<string> => new Set(ticks.map(({ instrument }) => instrument));

it('refuses a vendor nobody knows, and settings that are wrong', () => {
  expect(() => createVendors(['acme'], {}, vendorTools())).toThrow(/no vendor "acme"; known are bse, json/);
  expect(() => createVendors(['bse'], env({ BSE_TIMEOUT_MS: 'soon' }), vendorTools())).toThrow(
    /BSE_TIMEOUT_MS: "soon" is refused/,
  );
});

describe('BSE over HTTP', () => {
  it('answers a batch with one tick per scrip, and names what has no quote', async () => {
    const { ticks: got, failures } = await bse().fetch(scrips('500325', '532540', '999999'));
    expect(got.map(({ instrument }) => instrument)).toEqual(['BSE:500325', 'BSE:532540']);
    expect(got[0]!.price).toBeGreaterThan(0);
    expect([...failures].map(([id, { code, retryable }]) => [id, code, retryable])).toEqual([
      ['BSE:999999', 'SOURCE_FAILED', false],
    ]);
    expect(states).toEqual(['live']);
  });

  it('keeps to the rate limit across batches', async () => {
    const source = bse({ BSE_REQUESTS_PER_SECOND: '20', BSE_BURST: '5' });
    const started = performance.now();
    await Promise.all([
      source.fetch(scrips('500325', '532540', '500209', '500180')),
      source.fetch(scrips('500112', '500875', '500510')),
    ]);
    // five at once, two more a twentieth of a second apart
    expect(performance.now() - started).toBeGreaterThan(95);
    expect(sandbox.stats('bse')['requests']).toBe(7);
  });

  it('tries again after errors that pass, and counts what it got', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error', share: 0.4 });
    const { failures } = await bse().fetch(scrips('500325', '532540', '500209', '500180', '500112'));
    expect(failures.size).toBeLessThanOrEqual(1);
    expect(sandbox.stats('bse')['requests']).toBeGreaterThan(5);
  });

  it('stops asking a vendor that only fails, and finds out by itself that it is back', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error' });
    let now = Date.now();
    const clock = { ...vendorTools().clock, now: () => now };
    const [connections] = createVendors(['bse'], env(), vendorTools({ ...quickly, clock }));
    const source = connections!.sources[0]!;
    stops.push(() => source.stop());
    source.start(sink);
    await source.fetch(scrips('500325', '532540', '500209'));
    expect(states).toEqual(['down']);
    const { requests } = sandbox.stats('bse');
    expect((await source.fetch(scrips('500325'))).failures.get('BSE:500325')?.message).toMatch(
      /not asked after failures/,
    );
    expect(sandbox.stats('bse')['requests']).toBe(requests);
    sandbox.clearFaults();
    now += 5001;
    expect((await source.fetch(scrips('500325'))).ticks).toHaveLength(1);
    expect(states).toEqual(['down', 'live']);
  });

  it('waits as long as a vendor that limits us says', async () => {
    sandbox.setFault({ target: 'bse', kind: 'rate-limit', retryAfterSeconds: 1 });
    const answer = bse().fetch(scrips('500325'));
    await until('the first refusal', () => sandbox.stats('bse')['requests'] === 1);
    sandbox.clearFaults();
    const started = performance.now();
    expect((await answer).ticks).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(states).toEqual(['down', 'live']);
  });

  it('leaves a vendor that turns us away alone', async () => {
    sandbox.setFault({ target: 'bse', kind: 'error', status: 403 });
    const source = bse();
    await source.fetch(scrips('500325'));
    sandbox.clearFaults();
    await source.fetch(scrips('500325'));
    expect(sandbox.stats('bse')['requests']).toBe(1);
  });

  it('gives up on an answer that does not come', async () => {
    sandbox.setFault({ target: 'bse', kind: 'stall' });
    const { failures } = await bse({ BSE_TIMEOUT_MS: '150' }).fetch(scrips('500325'));
    expect(failures.get('BSE:500325')?.message).toMatch(/timed out/i);
  });

  it('survives connections that break, answers that are cut short, and answers that come late', async () => {
    const source = bse();
    sandbox.setFault({ target: 'bse', kind: 'disconnect' });
    expect((await source.fetch(scrips('500325'))).failures.size).toBe(1);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'malformed', share: 0.5 });
    await source.fetch(scrips('500325'));
    sandbox.clearFaults();
    sandbox.setFault({ target: 'bse', kind: 'delay', ms: 200 });
    expect((await source.fetch(scrips('500325'))).ticks).toHaveLength(1);
  });
});

describe('a JSON stream', () => {
  it('brings what is wanted, and asks only for what changed', async () => {
    const feed = json();
    feed.want(names('RELIANCE', 'TCS'));
    await until('ticks of both', () => instrumentsSeen().size === 2);
    expect(states).toEqual(['connecting', 'live']);
    feed.want(names('TCS', 'INFY'));
    await until('ticks of the new one', () => instrumentsSeen().has('NSE:INFY'));
    ticks.length = 0;
    await until('more ticks', () => ticks.length > 20);
    expect(instrumentsSeen()).toEqual(new Set(['NSE:TCS', 'NSE:INFY']));
    expect(sandbox.stats('json')).toMatchObject({ opened: 1, requests: 3 });
  });

  it('comes back after a lost connection, with everything it had', async () => {
    const feed = json();
    feed.want(names('RELIANCE', 'TCS'));
    await until('ticks', () => ticks.length > 5);
    sandbox.setFault({ target: 'json', kind: 'disconnect' });
    await until('the loss', () => states.includes('down'));
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of both again', () => instrumentsSeen().size === 2);
    expect(feed.status()).toMatchObject({ state: 'live', instruments: 2, lastError: undefined });
  });

  it('finds out that a connection is silent, and starts again', async () => {
    const feed = json();
    feed.want(names('RELIANCE'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'json', kind: 'stall' });
    await until('the stall', () => states.includes('stalled'), 9000);
    expect(feed.status().lastError).toMatch(/silent for \d+ ms/);
    sandbox.clearFaults();
    await until('life', () => feed.status().state === 'live', 15_000);
    // not live for a moment in between, while nothing had come yet
    expect(states.slice(states.indexOf('stalled'))).toEqual(['stalled', 'live']);
  });

  it('goes on after frames that cannot be read, and reports each', async () => {
    const feed = json();
    sandbox.setFault({ target: 'json', kind: 'malformed', share: 0.5 });
    feed.want(names('RELIANCE', 'TCS', 'INFY'));
    await until('reports', () => malformed.length > 4);
    await until('ticks', () => ticks.length > 4);
    expect(sandbox.stats('json')['opened']).toBe(1);
  });

  it('lets go of the connection when nothing is wanted of it', async () => {
    const feed = json();
    feed.want(names('RELIANCE'));
    await until('ticks', () => ticks.length > 0);
    feed.want([]);
    expect(feed.status().state).toBe('idle');
    await until('the end of the connection', () => sandbox.stats('json')['connections'] === 0, 12_000);
  });
});
