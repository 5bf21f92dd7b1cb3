import { beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Epoch, type FetchResult, type Instrument, InstrumentMaster, silentMeter, type Tick } from '#domain';
import { FakeFeed, FakeSource } from '../../../../test/support/fake-carriers.js';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { Arrivals } from '../arrivals.js';
import type { Carrier } from '../distribution.js';
import { QuotePipeline } from '../quote-pipeline.js';
import { Accuracy } from './accuracy.js';
import { CrossCheckJob } from './cross-check.job.js';
import { DeepTier } from './deep-tier.js';
import { Rejections } from './rejections.js';
import { Validation } from './validation.js';
import { ValidationPolicy } from './validation-policy.js';
import { Watches } from './watches.js';

const A1 = 'NSE:A1';
const LIMITS = { band: 0.4, maxAheadMs: 5000 };

/** A source whose answers say that they are of now. */
class TimedSource extends FakeSource {
  override async fetch(instruments: readonly Instrument[]): Promise<FetchResult> {
    const { ticks, failures } = await super.fetch(instruments);
    return { ticks: ticks.map((tick) => ({ ...tick, eventTime: tick.receivedAt })), failures };
  }
}

let clock: ManualClock;
let store: LastValueStore;
let stream: FakeFeed;
let second: TimedSource;
let carriers: Carrier[];
let rejections: Rejections;
let pipeline: QuotePipeline;
let validation: Validation;
let job: CrossCheckJob;
let isTrading: boolean;

beforeEach(() => {
  clock = new ManualClock();
  store = new LastValueStore(new InstrumentMaster([A1, 'NSE:B1'].map((id) => anInstrument({ id }))), new Epoch('e'));
  stream = new FakeFeed('stream', '*');
  second = new TimedSource('second', 'NSE');
  second.now = () => clock.now();
  carriers = [stream, second];
  const accuracy = new Accuracy(clock);
  rejections = new Rejections(clock, silentMeter, accuracy);
  const watches = new Watches(rejections);
  const deep = new DeepTier(watches, rejections);
  pipeline = new QuotePipeline(
    store,
    { mark: () => undefined },
    rejections,
    new Arrivals(clock),
    LIMITS,
    silentMeter,
    deep,
  );
  const policy = new ValidationPolicy([], () => false, accuracy);
  validation = new Validation(store, pipeline, watches, policy, accuracy, clock);
  const vendors = { carriersOf: () => [stream], candidates: () => carriers };
  isTrading = true;
  job = new CrossCheckJob(store, vendors, pipeline, watches, policy, rejections, clock, silentMeter, {
    limits: LIMITS,
    perMinute: 60,
    isTrading: () => isTrading,
  });
  validation.assign(A1, 'high');
  stream.start({ tick: (tick) => pipeline.tick(tick), malformed: () => undefined, status: () => undefined });
});

function say(price: number, given: Partial<Tick> = {}): void {
  stream.say({ price, receivedAt: clock.now(), eventTime: clock.now(), ...given });
}

const price = (): number | undefined => store.peek(A1)!.quote().price;

/** Ten minutes ago both vendors agreed on 100. */
async function agreed(): Promise<void> {
  say(100);
  second.prices.set(A1, 100);
  await job.run();
  second.calls.length = 0;
  clock.advance(600_000);
}

describe('the comparison with a second vendor', () => {
  it('asks about important instruments that have a price, each when it is due', async () => {
    await job.run();
    expect(second.calls).toEqual([]);
    say(100);
    say(50, { instrument: 'NSE:B1' });
    second.prices.set(A1, 100.5);
    await job.run();
    await job.run();
    expect(second.calls).toEqual([[A1]]);
    clock.advance(119_999);
    await job.run();
    expect(second.calls).toHaveLength(1);
    clock.advance(1);
    await job.run();
    expect(second.calls).toHaveLength(2);
    expect([price(), rejections.recentCorrections(10)]).toEqual([100, []]);
  });

  it('asks about what is critical more often, and never about two at a time', async () => {
    say(100);
    say(50, { instrument: 'NSE:B1' });
    validation.assign('NSE:B1', 'critical');
    second.held = true;
    const first = job.run();
    await job.run();
    expect(second.calls).toHaveLength(1);
    second.release();
    await first;
    second.held = false;
    await job.run();
    for (let seconds = 0; seconds < 130; seconds += 10) {
      clock.advance(10_000);
      await job.run();
    }
    const asked = second.calls.flat();
    expect(asked.filter((id) => id === 'NSE:B1')).toHaveLength(5);
    expect(asked.filter((id) => id === A1)).toHaveLength(2);
  });

  it.each<[string, () => void]>([
    ['the second is not able', () => second.become('down')],
    ['the exchange is closed', () => (isTrading = false)],
    ['there is only one vendor', () => (carriers = [stream])],
    ['the value already comes from the second', () => say(100, { vendor: 'second' })],
  ])('spends nothing when %s', async (_, given) => {
    say(100);
    given();
    await job.run();
    expect(second.calls).toEqual([]);
  });

  it('leaves a source alone for as long as it was slow, so that a rate limit is left to its main work', async () => {
    say(100);
    second.held = true;
    const run = job.run();
    clock.advance(12_000);
    second.release();
    second.held = false;
    await run;
    validation.assign('NSE:B1', 'critical');
    say(50, { instrument: 'NSE:B1' });
    clock.advance(107_999);
    await job.run();
    expect(second.calls).toHaveLength(1);
    clock.advance(1);
    await job.run();
    expect(second.calls).toHaveLength(2);
  });
});

describe('a price that a second vendor contradicts', () => {
  it('is not served when the second is nearer to what both agreed on: the second is, and the record has both', async () => {
    await agreed();
    say(110);
    second.prices.set(A1, 100.5);
    await job.run();
    expect(store.peek(A1)!.quote()).toMatchObject({ price: 100.5, source: 'second' });
    expect(rejections.recentCorrections(10)).toEqual([
      { at: clock.now(), instrument: A1, vendor: 'stream', price: 110, source: 'second', served: 100.5 },
    ]);
  });

  it('is kept away as long as its vendor goes on, and back when it comes back', async () => {
    await agreed();
    say(110);
    second.prices.set(A1, 100.5);
    await job.run();
    clock.advance(1000);
    say(110.5);
    stream.say({ bid: 110.4, receivedAt: clock.now() });
    expect(price()).toBe(100.5);
    expect(rejections.recent(10).map(({ reason }) => reason)).toEqual(['cross-source', 'cross-source']);
    say(100.6);
    say(100.7);
    expect(store.peek(A1)!.quote()).toMatchObject({ price: 100.7, source: 'stream' });
  });

  it('is compared again soon, and served once the second says so too', async () => {
    await agreed();
    say(110);
    second.prices.set(A1, 100.5);
    await job.run();
    clock.advance(5000);
    say(111);
    second.prices.set(A1, 101);
    await job.run();
    expect(price()).toBe(101);
    clock.advance(5000);
    say(111.2);
    second.prices.set(A1, 111.1);
    await job.run();
    expect(price()).toBe(111.1);
    clock.advance(1000);
    say(111.4);
    expect(store.peek(A1)!.quote()).toMatchObject({ price: 111.4, source: 'stream' });
  });

  it('is served again when the second can no longer be asked', async () => {
    await agreed();
    say(110);
    second.prices.set(A1, 100.5);
    await job.run();
    second.become('down');
    clock.advance(60_000);
    validation.review();
    say(110);
    expect(price()).toBe(110);
  });

  it('stays when it is the nearer one: the second is what was wrong', async () => {
    await agreed();
    say(100.5);
    second.prices.set(A1, 110);
    await job.run();
    expect([price(), rejections.recentCorrections(10)]).toEqual([100.5, []]);
    expect(rejections.recent(10)).toMatchObject([{ vendor: 'second', reason: 'cross-source', price: 110 }]);
  });

  it('stays when the market moved while the second was asked', async () => {
    await agreed();
    say(100);
    second.prices.set(A1, 100.2);
    second.held = true;
    const run = job.run();
    say(104);
    second.release();
    await run;
    expect([price(), rejections.recentCorrections(10)]).toEqual([104, []]);
  });

  it('stays when what the second says cannot be', async () => {
    await agreed();
    say(110);
    second.prices.set(A1, -5);
    await job.run();
    expect(price()).toBe(110);
    expect(rejections.recent(10)).toMatchObject([{ vendor: 'second', reason: 'price' }]);
  });
});

it('confirms a jump that the deep tier holds back', async () => {
  validation.assign(A1, 'critical');
  await agreed();
  say(100);
  say(106);
  expect(price()).toBe(100);
  second.prices.set(A1, 106.1);
  await job.run();
  expect(store.peek(A1)!.quote()).toMatchObject({ price: 106, source: 'stream' });
  expect(rejections.recent(10)).toEqual([]);
});

it('compares soon what has jumped by what one vendor says', async () => {
  validation.assign(A1, 'critical');
  await agreed();
  say(100);
  await job.run();
  second.calls.length = 0;
  clock.advance(1000);
  await job.run();
  expect(second.calls).toEqual([]);
  say(110);
  clock.advance(10);
  say(110.2);
  expect(price()).toBe(110.2);
  await job.run();
  expect(second.calls).toEqual([[A1]]);
  expect(price()).toBe(100);
});

it('compares once more what has jumped while the second vendor was asked', async () => {
  validation.assign(A1, 'critical');
  await agreed();
  say(100);
  second.prices.set(A1, 100);
  second.held = true;
  const run = job.run();
  say(110);
  clock.advance(10);
  say(110.2);
  second.release();
  second.held = false;
  await run;
  expect(price()).toBe(110.2);
  clock.advance(1000);
  await job.run();
  expect(price()).toBe(100);
});

it('puts an inaccurate instrument into a stricter tier by itself', () => {
  for (let i = 0; i < 300; i++) say(100);
  for (let i = 0; i < 5; i++) say(-1);
  expect(validation.tier(A1).tier).toBe('high');
  validation.review();
  expect(validation.tier(A1)).toMatchObject({ tier: 'critical', strict: true });
  say(100);
  say(105);
  expect(price()).toBe(100);
  expect(() => validation.tier('NSE:NOPE')).toThrow(/NSE:NOPE/);
});
