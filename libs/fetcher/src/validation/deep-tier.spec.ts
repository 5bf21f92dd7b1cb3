import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Epoch, InstrumentMaster, silentMeter, type Tick } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { aTick, T0 } from '../../../../test/support/ticks.js';
import { Arrivals } from '../arrivals.js';
import { QuotePipeline } from '../quote-pipeline.js';
import { DeepTier } from './deep-tier.js';
import { PriceMemory } from './price-memory.js';
import { Rejections } from './rejections.js';
import { Watches } from './watches.js';

const A1 = 'NSE:A1';
let store: LastValueStore;
let rejections: Rejections;
let watches: Watches;
let pipeline: QuotePipeline;
let at: number;

beforeEach(start);

function start(): void {
  const clock = new ManualClock();
  store = new LastValueStore(new InstrumentMaster([anInstrument({ id: A1 })]), new Epoch('e'));
  rejections = new Rejections(clock, silentMeter);
  watches = new Watches(rejections);
  const deep = new DeepTier(watches, rejections);
  const sink = { mark: () => undefined };
  const limits = { band: 0.4, maxAheadMs: 5000 };
  pipeline = new QuotePipeline(store, sink, rejections, new Arrivals(clock), limits, silentMeter, deep);
  watches.watch(store.peek(A1)!);
  at = T0;
}

/** Says one thing after the other, two seconds apart. */
function say(...given: Partial<Tick>[]): (string | undefined)[] {
  return given.map((fields) => {
    at += 2000;
    return pipeline.tick(aTick({ receivedAt: at, eventTime: at, ...fields }));
  });
}

const price = (): number | undefined => store.peek(A1)!.quote().price;
const reasons = (): string[] =>
  rejections
    .recent(20)
    .map(({ reason }) => reason)
    .toReversed();

describe('a jump', () => {
  it('is held back, and refused when the next tick does not make it', () => {
    expect(say({ price: 100 }, { price: 103 })).toEqual([undefined, 'outlier']);
    expect([price(), reasons()]).toEqual([100, []]);
    say({ price: 100.05 });
    expect([price(), reasons()]).toEqual([100.05, ['outlier']]);
  });

  it('passes with the second tick that makes it, with all that the first one said', () => {
    say({ price: 100 }, { price: 106, volume: 5, high: 106 }, { price: 106.2 });
    expect(store.peek(A1)!.quote()).toMatchObject({ price: 106.2, volume: 5, high: 106 });
    expect(reasons()).toEqual([]);
  });

  it('passes also when a wrong tick comes between the two', () => {
    expect(say({ price: 100 }, { price: 106 }, { price: 80 }, { price: 106.2 }).at(-1)).toBeUndefined();
    expect([price(), reasons()]).toEqual([106.2, ['outlier']]);
  });

  it('is an opening gap like another: the night before makes it no larger', () => {
    say({ price: 100 });
    at += 18 * 3_600_000;
    expect(say({ price: 104 }, { price: 104.1 })).toEqual(['outlier', undefined]);
    expect(price()).toBe(104.1);
  });

  it('is not confirmed by the same words of the same vendor, until it insists', () => {
    say({ price: 100 });
    const said = { price: 110, volume: 7, eventTime: at + 1000 };
    expect(say(said, said, said, said, said)).toEqual(['outlier', 'outlier', 'outlier', 'outlier', 'outlier']);
    expect(say(said)).toEqual([undefined]);
    expect(price()).toBe(110);
  });

  it('is confirmed by a second vendor', () => {
    say({ price: 100 }, { price: 110 });
    pipeline.witness(aTick({ price: 110.3, vendor: 'w', receivedAt: at }));
    expect([price(), reasons()]).toEqual([110, []]);
  });

  it('is confirmed by a vendor that stands by, whose own tick is not needed', () => {
    say({ price: 100 }, { price: 110 });
    store.peek(A1)!.owner = 'v';
    expect(say({ price: 110.3, vendor: 'w' })).toEqual([undefined]);
    expect(store.peek(A1)!.quote()).toMatchObject({ price: 110, source: 'v' });
  });

  it('is not confirmed by what a second vendor says of another price', () => {
    say({ price: 100 }, { price: 110 });
    pipeline.witness(aTick({ price: 100, vendor: 'w', receivedAt: at }));
    expect(price()).toBe(100);
  });

  it('is refused when nobody confirms it for a minute', () => {
    say({ price: 100 }, { price: 110 });
    watches.expire(at + 60_000);
    expect(reasons()).toEqual([]);
    watches.expire(at + 60_001);
    expect(reasons()).toEqual(['outlier']);
    expect(say({ price: 110 })).toEqual(['outlier']);
  });

  it('is refused when its instrument is no longer watched, and the next one is not looked at', () => {
    say({ price: 100 }, { price: 110 });
    watches.unwatch(A1);
    expect(reasons()).toEqual(['outlier']);
    expect(say({ price: 120 })).toEqual([undefined]);
  });

  it('makes the value doubtful, for whoever looks at its freshness', () => {
    say({ price: 100 }, { price: 110 });
    expect(store.peek(A1)!.refusedSince).toBe(at);
  });

  it('is whatever is far beyond how the price has been moving', () => {
    const calm = new PriceMemory(100, T0, 0.05);
    const wild = new PriceMemory(100, T0, 0.05);
    for (let i = 1; i <= 50; i++) {
      calm.learn(100, T0 + i * 2000);
      wild.learn(i % 2 === 0 ? 100 : 100.9, T0 + i * 2000);
    }
    const now = T0 + 102_000;
    expect(calm.allowance(now)).toBe(0.01);
    expect(wild.allowance(now)).toBeGreaterThan(0.05);
    expect(wild.allowance(now + 10_000)).toBeGreaterThan(wild.allowance(now));
    expect(new PriceMemory(2, T0, 0.05).allowance(now)).toBeCloseTo(0.15, 9);
  });
});

it('loses no tick silently: each is merged or counted as refused', () => {
  const prices = fc.array(fc.oneof(fc.integer({ min: 60, max: 140 }), fc.constantFrom(-1, 0, NaN, 100)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(prices, (walk) => {
      start();
      say(...walk.map((next, volume) => ({ price: next, volume: volume + 1 })));
      watches.unwatch(A1);
      expect(store.peek(A1)!.merged + rejections.recent(400).length).toBe(walk.length);
    }),
  );
});

it('survives whatever a tick may hold', () => {
  const number = fc.option(fc.oneof(fc.double(), fc.constantFrom(0, -1, 100, 100.05, 1e308)), { nil: undefined });
  const tick = fc.record({ price: number, bid: number, ask: number, volume: number, high: number, low: number });
  fc.assert(
    fc.property(fc.array(tick, { maxLength: 20 }), (ticks) => {
      start();
      say({ price: 100 }, ...ticks);
      expect(price()).toBeGreaterThan(0);
    }),
  );
});

describe('a tick put together from two', () => {
  const before = { price: 100, volume: 10, eventTime: T0 };

  it.each<[string, Partial<Tick>, string | undefined]>([
    ['has the time and volume of the last one, and another price', { price: 100.5 }, 'stale'],
    ['is none with the same price', { price: 100 }, undefined],
    ['is none when more has traded', { price: 100.5, volume: 11 }, undefined],
    ['is none a moment later', { price: 100.5, eventTime: T0 + 1 }, undefined],
    ['cannot be told where times are minutes', { price: 100.5, eventTimeStep: 60_000 }, undefined],
    ['cannot be told where nothing has traded', { price: 100.5, volume: 0 }, undefined],
  ])('%s', (_, given, expected) => {
    say(given.volume === 0 ? { ...before, volume: 0 } : before);
    expect(say({ ...before, ...given })).toEqual([expected]);
  });
});

describe('a book', () => {
  it.each<[string, Partial<Tick>, string[]]>([
    ['is left out when it is crossed', { bid: 101, ask: 100, volume: 5 }, ['crossed']],
    ['is left out when it is absurdly wide', { bid: 90, ask: 110, volume: 5 }, ['spread']],
    ['may be wide', { bid: 96, ask: 104, volume: 5 }, []],
    ['may be locked', { bid: 100, ask: 100, volume: 5 }, []],
    ['may have one side', { bid: 100, ask: NaN, volume: 5 }, []],
    ['may cross before the first trade of the day', { bid: 101, ask: 100, volume: 0 }, []],
  ])('%s', (_, given, expected) => {
    say({ price: 100, bid: 99.95, ask: 100.05 });
    expect(say({ price: 100.1, ...given })).toEqual([undefined]);
    expect(reasons()).toEqual(expected);
    expect(price()).toBe(100.1);
    expect(store.peek(A1)!.quote().bid).toBe(expected.length === 0 ? given.bid : 99.95);
  });

  it('that comes alone and crossed is a refused tick', () => {
    say({ price: 100, volume: 5 });
    expect(say({ bid: 101, ask: 100 })).toEqual(['crossed']);
    expect(reasons()).toEqual(['crossed']);
  });
});

describe('day values', () => {
  it.each<[string, Partial<Tick>, string[]]>([
    ['that contradict one another are left out', { open: 99, high: 98, low: 97 }, ['candle']],
    ['with a low above the high are left out', { high: 99, low: 101 }, ['candle']],
    ['that the price has left are left out', { high: 99, low: 95 }, ['candle']],
    ['may be a moment behind the price', { high: 99.8, low: 95 }, []],
    ['of 0 are none', { open: 0, high: 0, low: 0 }, []],
    ['that agree are taken', { open: 99, high: 101, low: 98 }, []],
  ])('%s', (_, given, expected) => {
    expect(say({ price: 100, ...given })).toEqual([undefined]);
    expect([reasons(), price()]).toEqual([expected, 100]);
    expect(store.peek(A1)!.quote().high).toBe(expected.length === 0 && given.high !== 0 ? given.high : undefined);
  });
});
