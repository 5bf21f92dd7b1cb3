import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FeedStatus, type Instrument, readEnv, type SnapshotSource, systemClock } from '#domain';
import { createVendors } from '#vendors';
import { type Sandbox, startSandbox } from '../../apps/sandbox/src/sandbox.js';
import { SandboxEnv } from '../../apps/sandbox/src/sandbox.env.js';
import { anInstrument } from '../support/instruments.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { earlyIn, until, vendorTools } from '../support/vendor-tools.js';

const DAY_MS = 86_400_000;

let sandbox: Sandbox;
let states: string[];
let malformed: string[];
let logged: string[];
let stops: (() => Promise<void>)[];

const sink = {
  malformed: (_vendor: string, reason: string, sample: string): void => void malformed.push(`${reason} ${sample}`),
  status: (status: FeedStatus): void => {
    states.push(`${status.id} ${status.state}`);
    logged.push(JSON.stringify(status));
  },
};

beforeEach(async () => {
  sandbox = await aSandbox();
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

function sources(given: Record<string, string> = {}): readonly SnapshotSource[] {
  const log = { debug: note, info: note, warn: note, error: note };
  const tools = vendorTools({ random: () => 0.05, log });
  const [connections] = createVendors(['alphavantage'], { ...sandbox.settings, ...given }, tools);
  for (const source of connections!.sources) {
    stops.push(() => source.stop());
    source.start(sink);
  }
  return connections!.sources;
}

const SINGLE = { ALPHAVANTAGE_ENTITLEMENT: 'none' };
const single = (given: Record<string, string> = {}): SnapshotSource => sources({ ...SINGLE, ...given })[0]!;
const bulk = (given: Record<string, string> = {}): SnapshotSource => sources(given)[0]!;

const named = (...ids: string[]): Instrument[] => ids.map((id) => anInstrument({ id }));
const AAPL = named('NASDAQ:AAPL');
const RELIANCE = anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE', bseCode: '500325' });
const stats = (): Readonly<Record<string, number>> => sandbox.stats('alphavantage');
const truth = (id: string): number => sandbox.market.listings.get(id)!.last;

describe('settings', () => {
  it('need a key', () => {
    expect(() => createVendors(['alphavantage'], {}, vendorTools())).toThrow(/ALPHAVANTAGE_SECRET_API_KEY/);
  });

  it('make the bulk source for realtime plans only, and for US names only', () => {
    expect(sources().map(({ id }) => id)).toEqual(['alphavantage-bulk', 'alphavantage']);
    expect(sources(SINGLE).map(({ id }) => id)).toEqual(['alphavantage']);
    const [many, one] = sources() as [SnapshotSource, SnapshotSource];
    const carried = [...AAPL, ...named('NYSE:IBM', 'NSE:TCS'), RELIANCE].map((instrument) => [
      many.carries(instrument),
      one.carries(instrument),
    ]);
    expect(carried).toEqual([
      [true, true],
      [true, true],
      [false, false],
      [false, true],
    ]);
  });
});

describe('one symbol a call', () => {
  it('brings quotes of the US and of BSE, dated by their trading day', async () => {
    const source = single();
    for (const instrument of [...AAPL, RELIANCE]) {
      const { ticks } = await source.fetch([instrument]);
      expect(ticks).toMatchObject([{ instrument: instrument.id, eventTimeStep: 86_400_000 }]);
      expect(Math.abs(ticks[0]!.price! / truth(instrument.id) - 1)).toBeLessThan(0.02);
    }
    expect(states).toEqual(['alphavantage live']);
  });

  it('names what the vendor does not know, and does not ask for its bars again at once', async () => {
    const source = single({ ALPHAVANTAGE_REQUESTS_PER_DAY: '0', ALPHAVANTAGE_REQUESTS_PER_MINUTE: '75' });
    const [unknown] = named('NASDAQ:NOPE');
    for (let i = 0; i < 2; i++) {
      const { failures } = await source.fetch([unknown!]);
      expect(failures.get('NASDAQ:NOPE')).toMatchObject({
        retryable: false,
        message: expect.stringMatching(/no quote/),
      });
    }
    expect(stats()['requests']).toBe(3);
  });

  it('keeps to the limits of the free plan, a second, a minute and a day, so that nothing is refused', async () => {
    await earlyIn(DAY_MS);
    const source = single({
      ALPHAVANTAGE_SECRET_API_KEY: 'free',
      ALPHAVANTAGE_REQUESTS_PER_DAY: '2',
      ALPHAVANTAGE_SPREAD_DAY: 'false',
    });
    const started = performance.now();
    for (let i = 0; i < 2; i++) expect((await source.fetch(AAPL)).ticks).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(1090);
    const { failures } = await source.fetch(AAPL);
    const { retryAfterMs } = failures.get('NASDAQ:AAPL') as unknown as { retryAfterMs: number };
    expect(Math.abs(retryAfterMs - (DAY_MS - (Date.now() % DAY_MS)))).toBeLessThan(10_000);
    expect(stats()).toMatchObject({ requests: 2, limited: 0 });
    expect(states).toEqual(['alphavantage live', 'alphavantage down']);
  });

  it('spreads the day’s requests where that is wanted', async () => {
    const source = single({ ALPHAVANTAGE_REQUESTS_PER_DAY: '25' });
    await source.fetch(AAPL);
    const { failures } = await source.fetch(AAPL);
    const { retryAfterMs } = failures.get('NASDAQ:AAPL') as unknown as { retryAfterMs: number };
    // a 25th of the day
    expect(retryAfterMs).toBeGreaterThan(3_400_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_456_000);
  });

  it.each([
    ['daily-quota', 'retry after 3600000 ms'],
    ['bad', 'apikey is invalid'],
    ['demo', 'demo purposes'],
  ])('with the key "%s" is left alone: %s', async (key, message) => {
    const source = single({ ALPHAVANTAGE_SECRET_API_KEY: key, ALPHAVANTAGE_SPREAD_DAY: 'false' });
    await source.fetch(AAPL);
    expect(source.status()).toMatchObject({ state: 'down', lastError: expect.stringContaining(message) });
    await source.fetch(AAPL);
    expect(stats()['requests']).toBe(1);
  });

  it('waits out a burst limit, and asks again', async () => {
    const source = single({ ALPHAVANTAGE_SECRET_API_KEY: 'burst', ALPHAVANTAGE_REQUESTS_PER_DAY: '0' });
    const answer = source.fetch(AAPL);
    await until('the second try', () => stats()['requests'] === 2);
    expect(source.status()).toMatchObject({ state: 'down', lastError: expect.stringContaining('retry after 1100 ms') });
    await source.stop();
    expect((await answer).failures.size).toBe(1);
  });

  it('brings delayed data to a plan that has it', async () => {
    const source = single({ ALPHAVANTAGE_SECRET_API_KEY: 'delayed', ALPHAVANTAGE_ENTITLEMENT: 'delayed' });
    expect((await source.fetch(AAPL)).ticks).toHaveLength(1);
  });

  it('is refused data the plan does not have', async () => {
    const source = single({ ALPHAVANTAGE_SECRET_API_KEY: 'free', ALPHAVANTAGE_ENTITLEMENT: 'delayed' });
    expect((await source.fetch(AAPL)).failures.get('NASDAQ:AAPL')?.message).toMatch(/premium endpoint/);
    await source.fetch(AAPL);
    expect(stats()).toMatchObject({ requests: 1, refused: 1 });
  });

  it('waits a minute when told of the limit of a minute', async () => {
    const source = bulk();
    sandbox.setFault({ target: 'alphavantage', kind: 'rate-limit' });
    const answer = source.fetch(AAPL);
    await until('the refusal', () => states.includes('alphavantage-bulk down'));
    expect(source.status().lastError).toMatch(/retry after 60000 ms/);
    await source.stop();
    await answer;
  });

  it('waits as long as the CDN says', async () => {
    const source = bulk();
    sandbox.setFault({ target: 'alphavantage', kind: 'rate-limit', retryAfterSeconds: 1 });
    const answer = source.fetch(AAPL);
    await until('the refusal', () => stats()['limited'] === 1);
    sandbox.clearFaults();
    expect((await answer).ticks).toHaveLength(1);
  });
});

describe('many symbols a call', () => {
  it('brings each its quote to the millisecond, and names those without', async () => {
    const asked = named('NASDAQ:AAPL', 'NASDAQ:NOPE', 'NASDAQ:MSFT', 'NYSE:IBM').filter(
      ({ id, ticker }) => ticker === 'NOPE' || sandbox.market.listings.has(id),
    );
    const { ticks, failures } = await bulk().fetch(asked);
    expect(ticks.map(({ instrument }) => instrument)).toEqual(
      asked.flatMap(({ id }) => (id.endsWith('NOPE') ? [] : [id])),
    );
    for (const { instrument, price, eventTime, receivedAt } of ticks) {
      expect(Math.abs(price! / truth(instrument) - 1)).toBeLessThan(0.02);
      expect(Math.abs(receivedAt - eventTime!)).toBeLessThan(5000);
    }
    expect([...failures.keys()]).toEqual(['NASDAQ:NOPE']);
    expect(stats()).toMatchObject({ bulk: 1 });
  });

  it('takes the price of a minute bar where the quote has none', async () => {
    await sandbox.close();
    // a Sunday, on which nothing has traded
    const ahead = Date.parse('2026-03-01T12:00:00Z') - Date.now();
    const sunday = { ...systemClock, now: () => Date.now() + ahead };
    sandbox = await startSandbox(readEnv(SandboxEnv, { SANDBOX_PORT: '0', SANDBOX_SESSION: 'clock' }), sunday);
    const without = await bulk({ ALPHAVANTAGE_INTRADAY: 'false' }).fetch(AAPL);
    expect(without.ticks).toMatchObject([{ price: undefined, previousClose: truth('NASDAQ:AAPL') }]);
    const { ticks } = await bulk().fetch(AAPL);
    const price = truth('NASDAQ:AAPL');
    expect(ticks).toMatchObject([{ price, previousClose: price, eventTimeStep: 60_000 }]);
    expect(stats()).toMatchObject({ bulk: 2, bars: 1 });
  });

  it('is left to single calls when the plan does not include it', async () => {
    const [many, one] = sources({ ALPHAVANTAGE_SECRET_API_KEY: 'delayed' }) as [SnapshotSource, SnapshotSource];
    await many.fetch(AAPL);
    expect(many.status()).toMatchObject({ state: 'down', lastError: expect.stringContaining('premium endpoint') });
    expect(one.status().state).toBe('idle');
  });

  it('tells single calls of a limit of the account, so that they do not meet it too', async () => {
    const [many, one] = sources({ ALPHAVANTAGE_SECRET_API_KEY: 'daily-quota' }) as [SnapshotSource, SnapshotSource];
    await many.fetch(AAPL);
    expect((await one.fetch(AAPL)).failures.get('NASDAQ:AAPL')?.message).toMatch(/rate limited/);
    expect(stats()['requests']).toBe(1);
  });

  it('survives answers that cannot be read, come late, or not at all', async () => {
    const source = bulk();
    sandbox.setFault({ target: 'alphavantage', kind: 'malformed' });
    expect((await source.fetch(AAPL)).failures.size).toBe(1);
    expect(malformed).toHaveLength(3);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'alphavantage', kind: 'delay', ms: 100 });
    expect((await source.fetch(AAPL)).ticks).toHaveLength(1);
    sandbox.clearFaults();
    sandbox.setFault({ target: 'alphavantage', kind: 'stall' });
    const hasty = bulk({ ALPHAVANTAGE_TIMEOUT_MS: '300' });
    expect((await hasty.fetch(AAPL)).failures.get('NASDAQ:AAPL')?.message).toMatch(/timed out/);
  });

  it('comes again after errors that pass and connections that break', async () => {
    const source = bulk();
    sandbox.setFault({ target: 'alphavantage', kind: 'error' });
    expect((await source.fetch(AAPL)).failures.get('NASDAQ:AAPL')).toMatchObject({ retryable: true });
    sandbox.clearFaults();
    sandbox.setFault({ target: 'alphavantage', kind: 'disconnect', share: 0.5 });
    await source.fetch(AAPL);
    sandbox.clearFaults();
    expect((await source.fetch(AAPL)).ticks).toHaveLength(1);
  });

  it('brings wrong prices as they are', async () => {
    sandbox.setFault({ target: 'alphavantage', kind: 'wrong-price', factor: -1 });
    expect((await bulk().fetch(AAPL)).ticks[0]!.price).toBeLessThan(0);
  });
});

it('keeps the key out of logs, also where the vendor repeats it', async () => {
  // what the vendor says of this key names it
  const source = single({ ALPHAVANTAGE_SECRET_API_KEY: 'daily-quota', ALPHAVANTAGE_SPREAD_DAY: 'false' });
  sandbox.setFault({ target: 'alphavantage', kind: 'malformed' });
  const { failures } = await source.fetch(AAPL);
  const texts = [...logged, ...malformed, ...[...failures.values()].map(String)].join('\n');
  expect(texts).not.toContain('daily-quota');
  expect(malformed[0]).toContain('***');
});
