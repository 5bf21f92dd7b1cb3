import { beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore, QuoteCache, QuoteReader, type QuoteState } from '#cache';
import { Epoch, InstrumentMaster, silentLog, silentMeter } from '#domain';
import type { QuoteStatus } from '#protocol';
import { FakeFeed, FakeSource } from '../../../test/support/fake-carriers.js';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { ActiveSymbolsJob } from './active-symbols.job.js';
import { Arrivals } from './arrivals.js';
import { Demand } from './demand.js';
import { FeedSupervisor } from './feed-supervisor.js';
import { Freshness } from './freshness.js';
import { QuotePipeline } from './quote-pipeline.js';
import { Refresher } from './refresher.js';
import { Rejections } from './validation/rejections.js';
import { VendorValues } from './vendor-values.js';

const IDS = ['BSE:1', 'BSE:2', 'BSE:3', 'NSE:A1', 'NSE:B1'];

let clock: ManualClock;
let store: LastValueStore;
let polled: FakeSource;
let stream: FakeFeed;
let demand: Demand;
let supervisor: FeedSupervisor;
let refresher: Refresher;
let rejections: Rejections;
let job: ActiveSymbolsJob;
let freshness: Freshness;
let reader: QuoteReader;
let moved: QuoteState[];
let announced: [string, QuoteStatus][];
let subscribers: Map<string, number>;
let isOpen: boolean;

beforeEach(() => {
  clock = new ManualClock();
  const master = new InstrumentMaster(IDS.map((id) => anInstrument({ id })));
  store = new LastValueStore(master, new Epoch('e'));
  // the source is preferred for BSE; the stream has everything
  polled = new FakeSource('poll', 'BSE');
  polled.now = () => clock.now();
  stream = new FakeFeed('stream', '*');
  stream.now = () => clock.now();
  subscribers = new Map();
  demand = new Demand(clock, { hotFrom: 3, watchMs: 60_000 }, [], (id) => subscribers.get(id) ?? 0);
  supervisor = new FeedSupervisor([polled, stream], master, store, demand, silentLog, clock);
  moved = [];
  announced = [];
  rejections = new Rejections(clock, silentMeter);
  const arrivals = new Arrivals(clock);
  const sink = { mark: (state: QuoteState): void => void moved.push(state) };
  const pipeline = new QuotePipeline(store, sink, rejections, arrivals, { band: 0.4, maxAheadMs: 5000 }, silentMeter);
  refresher = new Refresher(pipeline, clock, silentMeter);
  const refresh = {
    intervals: { hot: 2000, normal: 5000, watched: 15_000 },
    closedIntervalMs: 0,
    isTrading: () => true,
  };
  job = new ActiveSymbolsJob(demand, supervisor, refresher, clock, refresh, 2000);
  isOpen = true;
  const options = { staleAfterMs: 15_000, liveForMs: 10_000, isTrading: () => isOpen };
  freshness = new Freshness(supervisor, clock, options, (state, status) =>
    announced.push([state.instrument.id, status]),
  );
  const values = new VendorValues(supervisor, refresher, arrivals, demand, freshness, clock, 1500);
  const cache = new QuoteCache(
    { keyPrefix: '', l1TtlMs: 2000, l2TtlMs: 300_000, l2TimeoutMs: 50, failureTtlMs: 2000 },
    clock,
  );
  reader = new QuoteReader(store, cache, values, clock, 2000);
  supervisor.start(pipeline);
});

const check = (): void => freshness.check(store.all(), (state) => moved.push(state));
/** Lets answers of sources that were asked arrive. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('demand', () => {
  it('is what is subscribed, and what somebody has asked for lately', () => {
    demand.subscribe(['NSE:A1']);
    expect(demand.request('BSE:1')).toBe(true);
    expect(demand.request('BSE:1')).toBe(false);
    expect([...demand.wanted()].toSorted()).toEqual(['BSE:1', 'NSE:A1']);
    clock.advance(60_001);
    expect([...demand.wanted()]).toEqual(['NSE:A1']);
  });

  it('puts much wanted instruments into the hot tier, and lets them cool down', () => {
    demand.subscribe(['BSE:1', 'BSE:2']);
    subscribers.set('BSE:1', 3);
    for (let i = 0; i < 4; i++) demand.request('BSE:3');
    expect(IDS.slice(0, 3).map((id) => demand.tier(id))).toEqual(['hot', 'normal', 'hot']);
    clock.advance(30_000);
    expect(demand.tier('BSE:3')).toBe('watched');
  });
});

describe('the active-symbol round', () => {
  it('has each feed carry exactly what is wanted of it, and nothing once nobody wants anything', () => {
    demand.subscribe(['NSE:A1', 'BSE:1']);
    job.run();
    expect(stream.wanted).toEqual(['NSE:A1']);
    expect(polled.calls).toEqual([['BSE:1']]);
    demand.subscribe([]);
    job.run();
    expect(stream.wanted).toEqual([]);
  });

  it('asks in batches, hot instruments more often, and never twice at a time', async () => {
    for (const id of IDS) polled.prices.set(id, 100);
    demand.subscribe(['BSE:1', 'BSE:2', 'BSE:3']);
    subscribers.set('BSE:2', 3);
    polled.held = true;
    job.run();
    expect(polled.calls).toEqual([['BSE:2', 'BSE:1'], ['BSE:3']]);
    clock.advance(6000);
    job.run();
    expect(polled.calls).toHaveLength(2);
    polled.held = false;
    polled.release();
    await settle();
    polled.calls.length = 0;
    for (let round = 0; round < 3; round++) {
      job.run();
      await settle();
      clock.advance(2000);
    }
    const asked = polled.calls.flat();
    expect(asked.filter((id) => id === 'BSE:2')).toHaveLength(3);
    expect(asked.filter((id) => id === 'BSE:1').length).toBeLessThan(3);
  });

  it('asks no more than the source can answer before the next round, the hot first, and nothing it does not have', async () => {
    for (const id of IDS) polled.prices.set(id, 100);
    demand.subscribe(['BSE:1', 'BSE:2', 'BSE:3']);
    subscribers.set('BSE:3', 3);
    polled.perSecond = 0.5;
    job.run();
    expect(polled.calls).toEqual([['BSE:3']]);
    await settle();
    polled.perSecond = 100;
    polled.missing.add('BSE:1');
    job.run();
    expect(polled.calls.slice(1)).toEqual([['BSE:2']]);
    expect(stream.wanted).toEqual(['BSE:1']);
  });

  it('merges what a source answers', async () => {
    polled.prices.set('BSE:1', 123.45);
    demand.subscribe(['BSE:1']);
    job.run();
    await settle();
    expect(store.peek('BSE:1')!.quote()).toMatchObject({ price: 123.45, source: 'poll' });
    expect(moved.map(({ instrument }) => instrument.id)).toEqual(['BSE:1']);
  });
});

describe('when a carrier fails', () => {
  it('has the next one carry its instruments at once, keeps asking the first, and goes back after recovery', () => {
    demand.subscribe(['BSE:1']);
    job.run();
    polled.become('down');
    expect(stream.wanted).toEqual(['BSE:1']);
    expect([...supervisor.polled()].map(([, carried]) => carried.length)).toEqual([1]);
    polled.become('live');
    // recovered is not yet reliable: both are asked, and the one that took over is listened to
    clock.advance(4000);
    job.run();
    expect(stream.wanted).toEqual(['BSE:1']);
    clock.advance(1000);
    job.run();
    expect(stream.wanted).toEqual([]);
  });

  it('merges only what the carrier says whose word counts, while both send', () => {
    demand.subscribe(['BSE:1']);
    polled.state = 'down';
    job.run();
    stream.say({ instrument: 'BSE:1', price: 100, receivedAt: clock.now() });
    polled.become('live');
    polled.prices.set('BSE:1', 90);
    refresher.refresh(polled, [anInstrument({ id: 'BSE:1' })]);
    expect(store.peek('BSE:1')!.quote()).toMatchObject({ price: 100, source: 'stream' });
  });

  it('never leaves a frozen price looking live: delayed, then stale, then live again', () => {
    demand.subscribe(['NSE:A1']);
    job.run();
    stream.say({ price: 100, receivedAt: clock.now() });
    check();
    expect(announced).toEqual([]);
    stream.become('stalled');
    check();
    expect(announced).toEqual([['NSE:A1', 'delayed']]);
    expect(store.peek('NSE:A1')!.quote().stale).toBe(true);
    clock.advance(15_001);
    check();
    stream.become('live');
    stream.say({ price: 100, receivedAt: clock.now() });
    check();
    expect(announced.map(([, status]) => status)).toEqual(['delayed', 'stale', 'live']);
    expect(store.peek('NSE:A1')!.quote().stale).toBe(false);
  });

  it('tells of an instrument that is wanted and never gets a value', () => {
    demand.subscribe(['NSE:A1']);
    store.peek('NSE:A1');
    job.run();
    check();
    clock.advance(15_001);
    check();
    expect(announced).toEqual([['NSE:A1', 'stale']]);
    stream.say({ price: 100, receivedAt: clock.now() });
    check();
    expect(announced).toEqual([
      ['NSE:A1', 'stale'],
      ['NSE:A1', 'live'],
    ]);
  });

  it('forgets how long a first value was awaited when nobody waits any more', () => {
    demand.subscribe(['NSE:A1']);
    job.run();
    check();
    clock.advance(16_000);
    check();
    expect(freshness.of('NSE:A1')).toBe('stale');
    demand.subscribe([]);
    job.run();
    check();
    expect(freshness.of('NSE:A1')).toBe('live');
    expect(freshness.ageOf(store.peek('NSE:A1')!)).toBe(0);
  });

  it('does not take a value kept from before for the last one of the day', () => {
    isOpen = false;
    const quote = { symbol: 'NSE:A1', companyName: 'x', source: 'stream', stale: false, price: 100 };
    const state = store.peek('NSE:A1')!;
    state.restore(quote, clock.now(), false);
    check();
    expect([freshness.of('NSE:A1'), state.quote().stale]).toEqual(['delayed', true]);
    clock.advance(15_001);
    check();
    expect(freshness.of('NSE:A1')).toBe('stale');
    demand.subscribe(['NSE:A1']);
    job.run();
    stream.say({ price: 100, receivedAt: clock.now() });
    clock.advance(5000);
    stream.since.delete('NSE:A1');
    check();
    expect([freshness.of('NSE:A1'), state.quote().stale]).toEqual(['closed', false]);
  });

  it('does not call a quiet instrument of a live stream stale', () => {
    demand.subscribe(['NSE:A1']);
    job.run();
    stream.say({ price: 100, receivedAt: clock.now() });
    clock.advance(3_600_000);
    check();
    expect(announced).toEqual([]);
  });
});

describe('a stream whose silence is no confirmation', () => {
  beforeEach(() => {
    demand.subscribe(['NSE:A1', 'NSE:B1']);
    job.run();
    stream.say({ price: 100, receivedAt: clock.now() });
    clock.advance(20_000);
    check();
    expect(announced).toEqual([]);
  });

  it('has reconnected, and not said this instrument again', () => {
    stream.become('down');
    stream.reconnect();
    stream.say({ instrument: 'NSE:B1', price: 5, receivedAt: clock.now() });
    check();
    expect(freshness.of('NSE:A1')).toBe('stale');
    stream.say({ price: 100, receivedAt: clock.now() });
    check();
    expect(freshness.of('NSE:A1')).toBe('live');
  });

  it('was not asked for the instrument when the value was young', async () => {
    demand.subscribe([]);
    job.run();
    clock.advance(20_000);
    check();
    expect(store.peek('NSE:A1')!.quote().stale).toBe(true);
    demand.subscribe(['NSE:A1']);
    job.run();
    expect(freshness.isCurrent(store.peek('NSE:A1')!)).toBe(false);
    const read = reader.read(['NSE:A1']);
    await settle();
    stream.say({ price: 101, receivedAt: clock.now() });
    expect((await read).quotes).toMatchObject([{ layer: 'l3', quote: { price: 101, stale: false } }]);
  });

  it('has no room for the instrument', () => {
    stream.since.delete('NSE:A1');
    check();
    expect(freshness.of('NSE:A1')).toBe('stale');
  });

  it('says only what validation refuses', () => {
    stream.say({ price: -1, receivedAt: clock.now() });
    check();
    // one bad tick among good ones is no news
    expect(freshness.of('NSE:A1')).toBe('live');
    clock.advance(2001);
    check();
    expect(freshness.of('NSE:A1')).toBe('stale');
    expect(store.peek('NSE:A1')!.quote().stale).toBe(true);
  });
});

describe('reading', () => {
  it('answers from memory while the value is kept current', async () => {
    demand.subscribe(['NSE:A1']);
    job.run();
    stream.say({ price: 100, receivedAt: clock.now() });
    clock.advance(60_000);
    const { quotes } = await reader.read(['NSE:A1']);
    expect(quotes).toMatchObject([{ layer: 'l1', age: 60_000, quote: { price: 100, stale: false } }]);
  });

  it('asks the vendor otherwise, once for all who ask at the same time', async () => {
    polled.prices.set('BSE:1', 50);
    polled.held = true;
    const reads = [reader.read(['BSE:1']), reader.read(['BSE:1', 'BSE:1'])];
    await settle();
    polled.release();
    for (const { quotes } of await Promise.all(reads))
      expect(quotes).toMatchObject([{ layer: 'l3', quote: { price: 50 } }]);
    expect(polled.calls).toEqual([['BSE:1']]);
    expect(reader.joined).toBe(1);
  });

  it('waits for the first tick of a stream, which it has subscribed for that', async () => {
    const read = reader.read(['NSE:A1']);
    await settle();
    clock.advance(0);
    expect(stream.wanted).toEqual(['NSE:A1']);
    stream.say({ price: 77, receivedAt: clock.now() });
    expect((await read).quotes).toMatchObject([{ layer: 'l3', quote: { price: 77 } }]);
  });

  it('has the feeds carry all symbols of a request by one change', () => {
    const wants: string[][] = [];
    stream.want = (instruments) => void wants.push(instruments.map(({ id }) => id));
    void reader.read(['NSE:A1', 'NSE:B1']);
    clock.advance(0);
    expect(wants).toEqual([['NSE:A1', 'NSE:B1']]);
  });

  it('takes an answer that validation refuses for none: the last value is marked stale', async () => {
    polled.prices.set('BSE:1', 50);
    await reader.read(['BSE:1']);
    clock.advance(11_000);
    stream.state = 'down';
    polled.prices.set('BSE:1', -50);
    const { quotes } = await reader.read(['BSE:1']);
    expect(quotes).toMatchObject([{ layer: 'l4', quote: { price: 50, stale: true } }]);
  });

  it('asks the next vendor when the first gives nothing', async () => {
    const read = reader.read(['BSE:1']);
    await settle();
    await settle();
    stream.say({ instrument: 'BSE:1', price: 10, receivedAt: clock.now() });
    expect((await read).quotes).toMatchObject([{ layer: 'l3', quote: { source: 'stream' } }]);
  });

  it('waits no longer than its patience for a vendor that does not answer', async () => {
    polled.held = true;
    const read = reader.read(['BSE:1']);
    await settle();
    clock.advance(1500);
    await settle();
    clock.advance(1500);
    expect((await read).errors).toMatchObject([{ symbol: 'BSE:1', code: 'SOURCE_FAILED' }]);
  });

  it('gives the last known value, marked stale with its age, when no vendor answers', async () => {
    polled.prices.set('BSE:1', 50);
    await reader.read(['BSE:1']);
    polled.become('down');
    stream.become('down');
    clock.advance(60_001);
    const { quotes } = await reader.read(['BSE:1']);
    expect(quotes).toMatchObject([{ layer: 'l4', quote: { price: 50, stale: true, age: 60_001 } }]);
  });

  it('says why there is none, and remembers that for a moment', async () => {
    polled.state = 'down';
    stream.state = 'down';
    const first = await reader.read(['BSE:2', 'NSE:NOPE']);
    expect(first.errors.map(({ symbol, code }) => [symbol, code])).toEqual([
      ['BSE:2', 'SOURCE_FAILED'],
      ['NSE:NOPE', 'INVALID_SYMBOL'],
    ]);
    polled.state = 'live';
    polled.prices.set('BSE:2', 1);
    await reader.read(['BSE:2']);
    expect(polled.calls).toEqual([]);
  });
});

it('counts what it refuses and keeps it for inspection', () => {
  stream.say({ price: -5 });
  stream.say({ instrument: 'NSE:NOPE', price: 5 });
  expect(rejections.recent(10).map(({ reason, instrument }) => [reason, instrument])).toEqual([
    ['unknown-instrument', 'NSE:NOPE'],
    ['price', 'NSE:A1'],
  ]);
  expect(moved).toEqual([]);
});

it('takes the price and leaves the volume of a tick whose volume has shrunk, and counts it', () => {
  const at = clock.now();
  stream.say({ price: 100, volume: 500, receivedAt: at });
  stream.say({ price: 101, volume: 400, receivedAt: at });
  expect(store.peek('NSE:A1')!.quote()).toMatchObject({ price: 101, volume: 500 });
  expect(rejections.recent(10).map(({ reason }) => reason)).toEqual(['volume']);
  clock.advance(24 * 3_600_000);
  stream.say({ price: 101, volume: 7, receivedAt: clock.now() });
  expect(store.peek('NSE:A1')!.quote().volume).toBe(7);
});

describe('when the source of a quote changes', () => {
  it("leaves nothing of the other vendor's orders beside the new price", () => {
    const before = { price: 100, bid: 99.95, ask: 100.05, bidSize: 5, askSize: 6, volume: 50 };
    stream.say({ instrument: 'BSE:1', ...before, receivedAt: clock.now() });
    clock.advance(11_000);
    refresher.refresh(polled, []);
    polled.prices.set('BSE:1', 101);
    refresher.refresh(polled, [anInstrument({ id: 'BSE:1' })]);
    const { bid, ask, bidSize, askSize, ...rest } = store.peek('BSE:1')!.quote();
    expect([bid, ask, bidSize, askSize]).toEqual([undefined, undefined, undefined, undefined]);
    expect(rest).toMatchObject({ price: 101, source: 'poll', volume: 50 });
  });

  it('does not take a price of long ago for the present one, while the present one is young', () => {
    const state = store.peek('NSE:A1')!;
    const now = clock.now();
    stream.say({ price: 110, receivedAt: now, eventTime: now });
    state.owner = 'w';
    stream.say({ vendor: 'w', price: 100, receivedAt: now, eventTime: now - 3_600_000 });
    expect(state.quote().price).toBe(110);
    stream.say({ vendor: 'w', price: 109, receivedAt: now, eventTime: now - 30_000 });
    expect(state.quote().price).toBe(109);
  });

  it('never calls the price of a vendor with delayed data live', () => {
    demand.subscribe(['BSE:1']);
    Object.assign(polled, { isDelayed: true });
    const delayed = new FeedSupervisor([polled], new InstrumentMaster([]), store, demand, silentLog, clock);
    const options = { staleAfterMs: 15_000, liveForMs: 10_000, isTrading: () => true };
    const judged = new Freshness(delayed, clock, options, () => undefined);
    polled.prices.set('BSE:1', 50);
    refresher.refresh(polled, [anInstrument({ id: 'BSE:1' })]);
    expect(judged.isCurrent(store.peek('BSE:1')!)).toBe(false);
    judged.check([store.peek('BSE:1')!], () => undefined);
    expect(judged.of('BSE:1')).toBe('delayed');
  });
});

it('says that an instrument is halted, not that its price is stale, until its vendor says otherwise', async () => {
  demand.subscribe(['NSE:A1']);
  job.run();
  stream.say({ price: 100, receivedAt: clock.now() });
  stream.say({ halted: true, receivedAt: clock.now() });
  clock.advance(60_000);
  check();
  expect(announced.splice(0)).toEqual([['NSE:A1', 'halted']]);
  const { quotes } = await reader.read(['NSE:A1']);
  expect(quotes).toMatchObject([{ layer: 'l1', status: 'halted', quote: { price: 100, stale: false } }]);
  stream.become('down');
  check();
  expect(announced.splice(0)).toEqual([['NSE:A1', 'stale']]);
  stream.reconnect();
  stream.say({ price: 101, halted: false, receivedAt: clock.now() });
  check();
  expect(announced).toEqual([['NSE:A1', 'live']]);
});

it('starts a new day without the values of the last', () => {
  const yesterday = clock.now() - 24 * 3_600_000;
  stream.say({ price: 100, open: 99, high: 101, low: 98, volume: 5000, receivedAt: yesterday, eventTime: yesterday });
  stream.say({ price: 102, receivedAt: clock.now(), eventTime: clock.now() });
  const { open, high, low, volume, price } = store.peek('NSE:A1')!.quote();
  expect([price, open, high, low, volume]).toEqual([102, undefined, undefined, undefined, undefined]);
});

it('does not call a price live because an order beside it has moved', () => {
  demand.subscribe(['NSE:A1']);
  job.run();
  stream.say({ price: 100, receivedAt: clock.now() });
  stream.become('down');
  clock.advance(60_000);
  stream.reconnect();
  stream.say({ bid: 119, ask: 121, receivedAt: clock.now() });
  check();
  expect(freshness.of('NSE:A1')).not.toBe('live');
  stream.say({ price: 120, receivedAt: clock.now() });
  check();
  expect(freshness.of('NSE:A1')).toBe('live');
});

it('believes a vendor that stays below a volume it once told', () => {
  const volumes = [500, 90_000, 510, 520, 530, 540, 550].map((volume) => {
    stream.say({ price: 100, volume, receivedAt: clock.now() });
    return store.peek('NSE:A1')!.quote().volume;
  });
  expect(volumes).toEqual([500, 90_000, 90_000, 90_000, 90_000, 90_000, 550]);
});
