import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Feed, type FeedStatus, type Instrument, type Tick } from '#domain';
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

function json(given: Record<string, string> = {}): Feed {
  const [connections] = createVendors(['json'], env(given), vendorTools(quickly));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  return feed;
}

const names = (...tickers: string[]): Instrument[] => tickers.map((ticker) => anInstrument({ id: `NSE:${ticker}` }));
const instrumentsSeen = (): Set<string> => new Set(ticks.map(({ instrument }) => instrument));

it('refuses a vendor nobody knows, and settings that are wrong', () => {
  expect(() => createVendors(['acme'], {}, vendorTools())).toThrow(/no vendor "acme"; known are .*bse, .*json/);
  expect(() => createVendors(['bse'], env({ BSE_TIMEOUT_MS: 'soon' }), vendorTools())).toThrow(
    /BSE_TIMEOUT_MS: "soon" is refused/,
  );
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
    await until('the stall', () => states.includes('stalled'));
    expect(feed.status().lastError).toMatch(/silent for \d+ ms/);
    sandbox.clearFaults();
    await until('life', () => feed.status().state === 'live');
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
    await until('the end of the connection', () => sandbox.stats('json')['connections'] === 0);
  });
});
