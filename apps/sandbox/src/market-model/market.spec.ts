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
  expect(rate).toBeGreaterThan(4);
  expect(rate).toBeLessThan(15);
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
  expect(Math.abs(market.listings.get('NSE:ACME')!.last - 1100)).toBeLessThan(30);
  expect(market.print('NSE:NOPE', 1)).toBeUndefined();
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
    expect([listing.open, listing.volume, listing.version > 0]).toEqual([undefined, 0, true]);
    clock.advance(5 * 60_000);
    expect(listing.open).toBeGreaterThan(0);
    clock.advance(Date.parse('2026-11-20T10:00:01Z') - clock.now());
    const { version } = listing;
    clock.advance(60_000);
    market.stop();
    expect(listing.version).toBe(version);
  }, 60_000);
});
