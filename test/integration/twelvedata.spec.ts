import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Feed, type FeedStatus, type Instrument, type SnapshotSource, type Tick } from '#domain';
import { createVendors, type VendorTools } from '#vendors';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { anInstrument } from '../support/instruments.js';
import { ManualClock } from '../support/manual-clock.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { earlyIn, until, vendorTools } from '../support/vendor-tools.js';

let sandbox: Sandbox;
let ticks: Tick[];
let states: string[];
let malformed: string[];
let logged: string[];
let stops: (() => Promise<void>)[];

const sink = {
  tick: (tick: Tick): void => void ticks.push(tick),
  malformed: (_vendor: string, reason: string, sample: string): void => void malformed.push(`${reason} ${sample}`),
  status: (status: FeedStatus): void => {
    states.push(status.state);
    logged.push(JSON.stringify(status));
  },
};

beforeEach(async () => {
  sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '50' });
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

const note = (...args: unknown[]): void => void logged.push(JSON.stringify(args));
const tools = (given: Partial<VendorTools> = {}): VendorTools =>
  vendorTools({ random: () => 0.05, log: { debug: note, info: note, warn: note, error: note }, ...given });

function polled(given: Record<string, string> = {}, using: Partial<VendorTools> = {}): SnapshotSource {
  const env = { ...sandbox.settings, TWELVEDATA_STREAM: 'false', ...given };
  const [connections] = createVendors(['twelvedata'], env, tools(using));
  const source = connections!.sources[0]!;
  stops.push(() => source.stop());
  source.start(sink);
  return source;
}

function streamed(given: Record<string, string> = {}, using: Partial<VendorTools> = {}): Feed {
  const env = { ...sandbox.settings, TWELVEDATA_POLL: 'false', ...given };
  const [connections] = createVendors(['twelvedata'], env, tools(using));
  const feed = connections!.feeds[0]!;
  stops.push(() => feed.stop());
  feed.start(sink);
  return feed;
}

const named = (...ids: string[]): Instrument[] => ids.map((id) => anInstrument({ id }));
const RELIANCE_BSE = anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE', bseCode: '500325' });
const seen = (): string[] => [...new Set(ticks.map(({ instrument }) => instrument))].toSorted();
const stats = (): Readonly<Record<string, number>> => sandbox.stats('twelvedata');

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('settings', () => {
  it('need a key, and one of the two ways', () => {
    const connect = (env: Record<string, string>) => () => createVendors(['twelvedata'], env, tools());
    expect(connect({})).toThrow(/TWELVEDATA_SECRET_API_KEY/);
    const neither = { TWELVEDATA_SECRET_API_KEY: 'x', TWELVEDATA_STREAM: 'false', TWELVEDATA_POLL: 'false' };
    expect(connect(neither)).toThrow(/TWELVEDATA_STREAM, TWELVEDATA_POLL/);
  });
});

describe('quotes by HTTP', () => {
  it('come many in one call, a credit each, with a failure for each that is unknown', async () => {
    const source = polled();
    const asked = [...named('NSE:RELIANCE', 'NSE:M&M', 'NASDAQ:AAPL', 'NSE:NOPE'), RELIANCE_BSE];
    const { ticks: got, failures } = await source.fetch(asked);
    expect(got.map(({ instrument }) => instrument)).toEqual(['NSE:RELIANCE', 'NSE:M&M', 'NASDAQ:AAPL', 'BSE:500325']);
    for (const { instrument, price, volume } of got) {
      const truth = sandbox.market.listings.get(instrument)!;
      expect(Math.abs(price! - truth.last) / truth.last).toBeLessThan(0.02);
      expect(volume).toBeLessThanOrEqual(truth.volume);
    }
    expect([...failures].map(([id, { retryable }]) => [id, retryable])).toEqual([['NSE:NOPE', false]]);
    expect(stats()).toMatchObject({ requests: 1, credits: 5 });
    expect(states).toEqual(['live']);
  });

  it('of one symbol come flat, also when it is unknown', async () => {
    const source = polled();
    expect((await source.fetch(named('NSE:TCS'))).ticks).toMatchObject([{ instrument: 'NSE:TCS' }]);
    const { failures } = await source.fetch(named('NSE:NOPE'));
    expect(failures.get('NSE:NOPE')?.message).toMatch(/symbol\*\* not found: NOPE:NSE/);
    expect(states).toEqual(['live']);
  });

  it('stay within the plan: the next call waits rather than be refused', async () => {
    await earlyIn(MINUTE_MS);
    const source = polled({ TWELVEDATA_SECRET_API_KEY: 'free', TWELVEDATA_CREDITS_PER_MINUTE: '4' });
    await source.fetch(named('NSE:TCS', 'NSE:INFY', 'NSE:SBIN'));
    let isAnswered = false;
    const later = source.fetch(named('NSE:ITC', 'NSE:LT')).then(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([isAnswered, stats()['requests'], stats()['limited']]).toEqual([false, 1, 0]);
    expect(source.status().state).toBe('live');
    await source.stop();
    await later;
  });

  it("of a day whose credits are spent are refused, with the time until more come, and leave the vendor's door alone", async () => {
    await earlyIn(DAY_MS);
    const source = polled({ TWELVEDATA_CREDITS_PER_DAY: '3', TWELVEDATA_SPREAD_DAY: 'false' });
    await source.fetch(named('NSE:TCS', 'NSE:INFY', 'NSE:SBIN'));
    const { failures } = await source.fetch(named('NSE:ITC'));
    const untilMidnight = DAY_MS - (Date.now() % DAY_MS);
    const { retryAfterMs } = failures.get('NSE:ITC') as unknown as { retryAfterMs: number };
    expect(Math.abs(retryAfterMs - untilMidnight)).toBeLessThan(10_000);
    expect((await source.fetch(named('NSE:ITC'))).failures.get('NSE:ITC')?.message).toMatch(/not asked after failures/);
    expect([states, stats()['requests']]).toEqual([['live', 'down'], 1]);
  });

  it('are spread over the day where that is wanted', async () => {
    const source = polled({ TWELVEDATA_CREDITS_PER_DAY: '800', TWELVEDATA_CREDITS_PER_MINUTE: '8' });
    const eight = named(
      ...['TCS', 'INFY', 'SBIN', 'ITC', 'LT', 'WIPRO', 'MARUTI', 'TITAN'].map((name) => `NSE:${name}`),
    );
    expect((await source.fetch(eight)).failures.size).toBe(0);
    const { failures } = await source.fetch(eight);
    const { retryAfterMs } = failures.get('NSE:TCS') as unknown as { retryAfterMs: number };
    // eight of 800 credits are a hundredth of the day
    expect(retryAfterMs).toBeGreaterThan(800_000);
    expect(retryAfterMs).toBeLessThanOrEqual(864_000);
  });

  it('tell us what others have used of the same account', async () => {
    await earlyIn(MINUTE_MS);
    const settings = { TWELVEDATA_SECRET_API_KEY: 'free', TWELVEDATA_CREDITS_PER_MINUTE: '8' };
    const other = polled(settings);
    const source = polled(settings);
    await other.fetch(named('NSE:TCS', 'NSE:INFY', 'NSE:SBIN', 'NSE:ITC'));
    await source.fetch(named('NSE:TCS', 'NSE:INFY'));
    void source.fetch(named('NSE:LT', 'NSE:WIPRO', 'NSE:MARUTI'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    // six of eight are spent, though we have spent two
    expect(stats()).toMatchObject({ requests: 2, limited: 0 });
  });

  it('come as far as the credits go, and then wait', async () => {
    await earlyIn(MINUTE_MS);
    const source = polled({ TWELVEDATA_SECRET_API_KEY: 'partial', TWELVEDATA_CREDITS_PER_MINUTE: '100' });
    const ten = ['TCS', 'INFY', 'SBIN', 'ITC', 'LT', 'WIPRO', 'MARUTI', 'TITAN', 'CIPLA', 'RELIANCE'];
    const { ticks: got, failures } = await source.fetch(named(...ten.map((name) => `NSE:${name}`)));
    expect(got).toHaveLength(8);
    expect([...failures.values()].map(({ message }) => message.slice(0, 24))).toEqual(
      Array.from({ length: 2 }, () => 'twelvedata: rate limited'),
    );
    void source.fetch(named('NSE:TCS'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(stats()['requests']).toBe(1);
  });

  it('wait for the next minute when the vendor says that its credits are spent', async () => {
    sandbox.setFault({ target: 'twelvedata', kind: 'rate-limit' });
    const source = polled();
    const answer = source.fetch(named('NSE:TCS'));
    await until('the refusal', () => states.includes('down'));
    const left = 61 - (Date.now() % 60_000) / 1000;
    const told = Number(/retry after (\d+) ms/.exec(source.status().lastError ?? '')?.[1]) / 1000;
    expect(Math.min(Math.abs(told - left), Math.abs(told - left - 60), Math.abs(told - left + 60))).toBeLessThan(10);
    await source.stop();
    expect((await answer).failures.size).toBe(1);
  });

  it('end for a while when the key is wrong, which is in no log', async () => {
    const source = polled({ TWELVEDATA_SECRET_API_KEY: 'not-a-key-of-anybody' });
    const { failures } = await source.fetch(named('NSE:TCS'));
    expect(failures.get('NSE:TCS')).toMatchObject({ retryable: false, message: expect.stringMatching(/apikey/) });
    await source.fetch(named('NSE:TCS'));
    expect([states, stats()['requests']]).toEqual([['down'], 1]);
    expect([...logged, ...malformed].join('\n')).not.toContain('not-a-key-of-anybody');
  });

  it('survive answers that cannot be read, come late, or not at all', async () => {
    const source = polled();
    sandbox.setFault({ target: 'twelvedata', kind: 'malformed' });
    await source.fetch(named('NSE:TCS'));
    expect(malformed).toHaveLength(3);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'twelvedata', kind: 'delay', ms: 100 });
    expect((await source.fetch(named('NSE:TCS'))).ticks).toHaveLength(1);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'twelvedata', kind: 'stall' });
    const hasty = polled({ TWELVEDATA_TIMEOUT_MS: '300' });
    expect((await hasty.fetch(named('NSE:TCS'))).failures.get('NSE:TCS')?.message).toMatch(/timed out/);
  });

  it('come again after errors that pass and connections that break', async () => {
    const source = polled();
    sandbox.setFault({ target: 'twelvedata', kind: 'error', status: 503, share: 0.5 });
    await source.fetch(named('NSE:TCS'));
    await source.fetch(named('NSE:TCS'));
    sandbox.clearFaults();
    sandbox.setFault({ target: 'twelvedata', kind: 'disconnect' });
    expect((await source.fetch(named('NSE:TCS'))).failures.size).toBe(1);
    sandbox.clearFaults();
    expect((await source.fetch(named('NSE:TCS', 'NSE:INFY'))).ticks).toHaveLength(2);
  });

  it('bring wrong prices as they are: validation is not for us', async () => {
    const source = polled();
    sandbox.setFault({ target: 'twelvedata', kind: 'wrong-price', factor: -1 });
    expect((await source.fetch(named('NSE:TCS'))).ticks[0]!.price).toBeLessThan(0);
  });
});

describe('the stream', () => {
  it('brings what is wanted on both Indian exchanges and in America, and stops when it is not wanted', async () => {
    const feed = streamed();
    feed.want([...named('NSE:RELIANCE', 'NASDAQ:AAPL'), RELIANCE_BSE]);
    await until('ticks of all', () => seen().length === 3);
    expect(seen()).toEqual(['BSE:500325', 'NASDAQ:AAPL', 'NSE:RELIANCE']);
    for (const { instrument, price } of ticks) {
      const { last } = sandbox.market.listings.get(instrument)!;
      expect(Math.abs(price! - last) / last).toBeLessThan(0.02);
    }
    expect(states).toEqual(['connecting', 'live']);
    feed.want([RELIANCE_BSE]);
    // a reset, a subscription, and then this
    await until('the end of the subscription', () => stats()['events'] === 3);
    // what was on its way before comes before this
    const marked = sandbox.market.listings.get('BSE:500325')!.last + 1;
    sandbox.market.print('BSE:500325', marked);
    await until('a tick of afterwards', () => ticks.some(({ price }) => price === marked));
    ticks.length = 0;
    await until('more ticks', () => ticks.length > 5);
    expect(seen()).toEqual(['BSE:500325']);
    expect(stats()).toMatchObject({ opened: 1, surplus: 0 });
  });

  it('leaves to others what the vendor refuses: unknown symbols, and those beyond the plan', async () => {
    const feed = streamed({ TWELVEDATA_SECRET_API_KEY: 'free' });
    const nine = ['TCS', 'NOPE', 'INFY', 'SBIN', 'ITC', 'LT', 'WIPRO', 'MARUTI', 'TITAN', 'CIPLA'].map(
      (name) => `NSE:${name}`,
    );
    feed.want(named(...nine));
    await until('the refusal', () => feed.unserved().size === 2);
    expect([...feed.unserved()]).toEqual(['NSE:NOPE', 'NSE:CIPLA']);
    await until('ticks of the others', () => seen().length === 8);
    expect(feed.status()).toMatchObject({ state: 'live', unserved: 2 });
    expect(feed.streamingSince('NSE:NOPE')).toBeUndefined();
  });

  it('comes back after a lost connection, with everything it had', async () => {
    const feed = streamed();
    feed.want(named('NSE:RELIANCE', 'NSE:TCS'));
    await until('ticks', () => ticks.length > 5);
    sandbox.setFault({ target: 'twelvedata', kind: 'disconnect' });
    await until('the loss', () => states.includes('down'));
    sandbox.clearFaults();
    ticks.length = 0;
    await until('ticks of both again', () => seen().length === 2);
    expect(feed.status()).toMatchObject({ state: 'live', lastError: undefined });
  });

  it('goes on after frames that cannot be read, and reports each', async () => {
    const feed = streamed();
    feed.want(named('NSE:RELIANCE', 'NSE:TCS'));
    await until('ticks', () => ticks.length > 5);
    sandbox.setFault({ target: 'twelvedata', kind: 'malformed', share: 0.5 });
    await until('reports', () => malformed.length > 2);
    ticks.length = 0;
    await until('ticks', () => ticks.length > 4);
    expect(stats()['opened']).toBe(1);
  });

  it('is kept alive by heartbeats, and found out when it answers none', async () => {
    const clock = new ManualClock(Date.now());
    const feed = streamed({}, { clock });
    // unknown to the vendor, so that nothing but heartbeats comes
    feed.want(named('NSE:NOPE'));
    await until('the reset', () => stats()['events'] === 1);
    for (let beats = 1; beats <= 5; beats++) {
      clock.advance(10_000);
      await until('a heartbeat', () => stats()['heartbeats'] === beats);
      await until('its answer', () => feed.status().lastFrameAt === clock.now());
    }
    expect(feed.status().state).toBe('live');
    sandbox.setFault({ target: 'twelvedata', kind: 'stall' });
    for (let i = 0; i < 4; i++) clock.advance(10_000);
    expect(feed.status()).toMatchObject({ state: 'stalled', lastError: expect.stringMatching(/silent for 31000 ms/) });
  });

  it('is left alone after it has refused our key, which is in no log', async () => {
    const feed = streamed({ TWELVEDATA_SECRET_API_KEY: 'not-a-key/of anybody' });
    feed.want(named('NSE:RELIANCE'));
    await until('the refusal', () => states.includes('down'));
    expect(feed.status().lastError).toMatch(/refused with HTTP 200/);
    expect(logged.find((line) => line.includes('retryInMs'))).toContain('"retryInMs":300000');
    expect(logged.join('\n')).not.toMatch(/not-a-key/);
  });

  it('heeds an error of the vendor, and comes back', async () => {
    const feed = streamed();
    feed.want(named('NSE:RELIANCE'));
    await until('ticks', () => ticks.length > 0);
    sandbox.setFault({ target: 'twelvedata', kind: 'error', status: 503 });
    await until('the loss', () => states.includes('down'));
    sandbox.clearFaults();
    await until('life', () => states.at(-1) === 'live');
  });
});
