import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { anInstrument } from '../../../../test/support/instruments.js';
import type { Listing } from './listing.js';
import { Market, type MarketOptions } from './market.js';
import { syntheticReferences } from './references.js';
import { clockPhase } from './session.js';

const T0 = Date.UTC(2026, 10, 20, 4, 0, 0);

function aMarket(
  given: Partial<MarketOptions> = {},
  clock = new ManualClock(T0),
): { market: Market; clock: ManualClock } {
  const both = ['NSE:ACME', 'BSE:500999'].map((id) => ({
    instrument: anInstrument({ id, ticker: 'ACME' }),
    price: 1000,
  }));
  const options = { seed: 1, ticksPerSecond: 5, session: 'always', stepMs: 20, ...given } as const;
  return { market: new Market([...both, ...syntheticReferences(20)], clock, options), clock };
}

function trade(seconds: number, seed = 1): { market: Market; seen: string[] } {
  const { market, clock } = aMarket({ seed });
  const seen: string[] = [];
  market.onStep((moved) =>
    seen.push(...moved.map(({ instrument, last, volume }) => `${instrument.id} ${last} ${volume}`)),
  );
  market.start();
  clock.advance(seconds * 1000);
  market.stop();
  return { market, seen };
}

it('trades the same day for the same seed, and another for another', () => {
  expect(trade(5).seen).toEqual(trade(5).seen);
  expect(trade(5, 2).seen).not.toEqual(trade(5).seen);
});

it('keeps every price on the tick grid, within the circuit limits, and every day value consistent', () => {
  const { market } = trade(120);
  const onGrid = (price: number): boolean => Math.abs(price * 20 - Math.round(price * 20)) < 1e-6;
  for (const listing of market.listings.values()) {
    const { last, bid, ask, open, high, low, volume, averagePrice } = listing as Required<Listing>;
    expect([last, bid, ask, open!, high!, low!].every(onGrid)).toBe(true);
    expect(low! <= last && last <= high! && low! <= open! && open! <= high!).toBe(true);
    expect(bid < ask).toBe(true);
    expect(last >= listing.lowerCircuit && last <= listing.upperCircuit).toBe(true);
    expect(averagePrice! >= low! && averagePrice! <= high!).toBe(true);
    expect(volume).toBeGreaterThan(0);
  }
});

it('keeps the two listings of a company together', () => {
  const { market } = trade(120);
  const [nse, bse] = ['NSE:ACME', 'BSE:500999'].map((id) => market.listings.get(id)!.last) as [number, number];
  expect(Math.abs(nse - bse) / nse).toBeLessThan(0.01);
});

it('ticks about as often as it is told, apart from bursts', () => {
  const { market } = trade(60);
  const rate = market.ticks / 60 / market.listings.size;
  expect(rate).toBeGreaterThan(4.5);
  expect(rate).toBeLessThan(8.5);
});

it('ticks as often as it is told also where that is more than once a step', () => {
  const { market, clock } = aMarket({ ticksPerSecond: 100 });
  market.start();
  clock.advance(4000);
  market.stop();
  expect(market.ticks / 4 / market.listings.size).toBeGreaterThan(90);
});

it('does not make up for the time its process was asleep', () => {
  const { market, clock } = aMarket();
  market.start();
  market.step();
  market.stop();
  const { ticks } = market;
  clock.advance(3_600_000);
  market.step();
  expect(market.ticks - ticks).toBeLessThan(5 * market.listings.size);
});

it('stays off its circuit limits in a market that does not close for weeks', () => {
  const { market, clock } = aMarket({ ticksPerSecond: 0.01, stepMs: 30_000 });
  market.start();
  clock.advance(30 * 86_400_000);
  market.stop();
  for (const { last, previousClose } of market.listings.values())
    expect(Math.abs(last / previousClose - 1)).toBeLessThan(0.15);
  expect(new Set([...market.listings.values()].map(({ last, previousClose }) => last > previousClose)).size).toBe(2);
});

it('halts an instrument now and then, and trades another in a burst', () => {
  const { market, clock } = aMarket();
  const gaps = new Map<Listing, { longest: number; mostInASecond: number; times: number[] }>();
  market.onStep((moved) => {
    for (const listing of moved) {
      const kept = gaps.get(listing) ?? { longest: 0, mostInASecond: 0, times: [] };
      kept.longest = Math.max(kept.longest, clock.now() - (kept.times.at(-1) ?? clock.now()));
      kept.times = [...kept.times.filter((time) => time > clock.now() - 1000), clock.now()];
      kept.mostInASecond = Math.max(kept.mostInASecond, kept.times.length);
      gaps.set(listing, kept);
    }
  });
  market.start();
  clock.advance(300_000);
  market.stop();
  expect(Math.max(...[...gaps.values()].map(({ longest }) => longest))).toBeGreaterThan(7000);
  expect(Math.max(...[...gaps.values()].map(({ mostInASecond }) => mostInASecond))).toBeGreaterThan(25);
});

it('prints at a price it is told, and goes on from there', () => {
  const { market, clock } = aMarket();
  market.start();
  market.print('NSE:ACME', 1100);
  expect(market.listings.get('NSE:ACME')!.last).toBe(1100);
  clock.advance(5000);
  market.stop();
  expect(Math.abs(market.listings.get('NSE:ACME')!.last - 1100)).toBeLessThan(5);
  expect(market.print('NSE:NOPE', 1)).toBeUndefined();
});

it('prints at the circuit limit what lies beyond it, and comes back when told', () => {
  const { market, clock } = aMarket();
  market.start();
  market.step();
  const listing = market.listings.get('NSE:ACME')!;
  expect([market.print('NSE:ACME', 1e9)!.last, market.print('NSE:ACME', 0.01)!.last]).toEqual([1200, 800]);
  market.print('NSE:ACME', 1000);
  clock.advance(5000);
  market.stop();
  expect(Math.abs(listing.last - 1000)).toBeLessThan(5);
  expect([listing.high, listing.low]).toEqual([1200, 800]);
});

it('weighs the average price by size, exactly', () => {
  const { market } = aMarket();
  const listing = market.listings.get('NSE:ACME')!;
  listing.print(1000.05, 3, T0);
  listing.print(1000.1, 1, T0);
  expect([listing.volume, listing.averagePrice]).toEqual([4, 1000.06]);
});

describe('by the clock', () => {
  it.each([
    ['2026-11-20T03:29:00Z', 'closed'],
    ['2026-11-20T03:30:00Z', 'pre-open'],
    ['2026-11-20T03:45:00Z', 'continuous'],
    ['2026-11-20T09:59:59Z', 'continuous'],
    ['2026-11-20T10:00:00Z', 'closed'],
    ['2026-11-21T05:00:00Z', 'closed'],
  ])('%s is %s', (time, phase) => {
    expect(clockPhase(Date.parse(time))).toBe(phase);
  });

  it('quotes before the open without trading, opens with one auction, and stands still after the close', () => {
    const clock = new ManualClock(Date.parse('2026-11-20T03:40:00Z'));
    const { market } = aMarket({ session: 'clock' }, clock);
    market.start();
    clock.advance(60_000);
    const listing = market.listings.get('NSE:ACME')!;
    expect([listing.open, listing.volume, listing.last]).toEqual([undefined, 0, 1000]);
    expect(listing.changedAt).toBeGreaterThan(clock.now() - 5000);
    clock.advance(5 * 60_000);
    expect(listing.open).toBeGreaterThan(0);
    clock.advance(Date.parse('2026-11-20T10:00:01Z') - clock.now());
    const { changedAt } = listing;
    clock.advance(60_000);
    market.stop();
    expect([listing.changedAt, market.phase]).toEqual([changedAt, 'closed']);
  }, 60_000);

  it.each([
    ['after a night', '2026-11-20T11:00:00Z'],
    ['also when it slept through the night', undefined],
  ])('starts a new day from the last price of the day before, %s', (_, evening) => {
    const clock = new ManualClock(Date.parse('2026-11-20T09:50:00Z'));
    const { market } = aMarket({ session: 'clock' }, clock);
    const listing = market.listings.get('NSE:ACME')!;
    const stepAt = (time: string): void => {
      clock.advance(Date.parse(time) - clock.now());
      market.step();
    };
    market.step();
    stepAt('2026-11-20T09:59:59Z');
    const { last: close, open: openBefore, volume } = listing;
    expect(volume).toBeGreaterThan(0);
    if (evening !== undefined) stepAt(evening);
    stepAt(evening === undefined ? '2026-11-23T05:00:00Z' : '2026-11-23T03:30:00Z');
    expect(listing.previousClose).toBe(close);
    expect(listing.upperCircuit / close).toBeCloseTo(1.2, 3);
    if (evening !== undefined) {
      expect([listing.open, listing.high, listing.low, listing.volume]).toEqual([undefined, undefined, undefined, 0]);
      stepAt('2026-11-23T03:45:00Z');
    }
    expect(listing.open).toBeGreaterThan(0);
    expect(listing.open).not.toBe(openBefore);
    expect(listing.high! / listing.low!).toBeLessThan(1.01);
  });
});
