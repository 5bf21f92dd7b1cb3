import { describe, expect, it } from 'vitest';
import { QuoteState } from '#cache';
import type { Tick } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { aTick, T0 } from '../../../../test/support/ticks.js';
import { checkTick, isVolumeBack } from './check-tick.js';

const DAY = 86_400_000;
const LIMITS = { band: 0.4, maxAheadMs: 5000 };

/** The verdict on a tick after the given ones were accepted. */
function verdict(given: Partial<Tick>, ...before: Partial<Tick>[]): string | undefined {
  const state = new QuoteState(anInstrument({ id: 'NSE:A1' }), 1);
  for (const earlier of before) state.apply(aTick(earlier));
  return checkTick(aTick(given), state, LIMITS);
}

describe('a single tick', () => {
  it.each<[string, Partial<Tick>, string | undefined]>([
    ['is good with a price', { price: 100.05 }, undefined],
    ['is good with a quote alone', { bid: 99.95, ask: 100 }, undefined],
    ['is good when it says there is no bid', { price: 100, bid: NaN }, undefined],
    ['must say something', {}, 'no-value'],
    ['has no price of zero', { price: 0 }, 'price'],
    ['has no negative price', { price: -100 }, 'price'],
    ['has no infinite price', { price: Infinity }, 'price'],
    ['has no price that is no number', { price: NaN }, 'price'],
    ['has no negative ask', { price: 100, ask: -1 }, 'price'],
    ['keeps to the tick size', { price: 100.03 }, 'tick-size'],
    ['keeps to the tick size with its bid', { price: 100, bid: 99.99 }, 'tick-size'],
    ['may have a high price in small ticks', { price: 987_654.35 }, undefined],
    ['has no negative volume', { price: 100, volume: -1 }, 'size'],
    ['has no infinite size', { price: 100, bidSize: Infinity }, 'size'],
    ['comes not from the future', { price: 100, eventTime: T0 + 5001 }, 'future'],
    ['may be a little ahead of our clock', { price: 100, eventTime: T0 + 5000 }, undefined],
    ['keeps within its own circuit limits', { price: 121, lowerCircuit: 80, upperCircuit: 120 }, 'circuit'],
    ['keeps within the band around its own previous close', { price: 141, previousClose: 100 }, 'circuit'],
    ...(['open', 'high', 'low', 'previousClose', 'averagePrice', 'lowerCircuit', 'upperCircuit'] as const).flatMap(
      (field): [string, Partial<Tick>, string | undefined][] => [
        [`has no infinite ${field}`, { bid: 100, [field]: Infinity }, 'price'],
        [`has no ${field} beyond all markets`, { bid: 100, [field]: 1e308 }, 'price'],
        [`may say that it has no ${field}`, { bid: 100, [field]: NaN }, undefined],
      ],
    ),
    ['has no price beyond all markets', { price: 1e308 }, 'price'],
    ['has no infinite open interest', { price: 100, openInterest: Infinity }, 'size'],
    ['has no size beyond all markets', { price: 100, volume: 1e300 }, 'size'],
    ['may move far where nothing is known of it', { price: 10_000 }, undefined],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });
});

describe('against the last value', () => {
  it.each<[string, Partial<Tick>, Partial<Tick>, string | undefined]>([
    ['a decimal shift is outside the band', { price: 1000 }, { price: 100, previousClose: 99 }, 'circuit'],
    [
      'circuit limits sent once hold for the day',
      { price: 109 },
      { price: 100, lowerCircuit: 95, upperCircuit: 105 },
      'circuit',
    ],
    [
      'circuit limits go before the band',
      { price: 145 },
      { price: 100, previousClose: 100, lowerCircuit: 50, upperCircuit: 150 },
      undefined,
    ],
    ['time does not run back', { price: 100, eventTime: T0 - 2 }, { price: 100, eventTime: T0 - 1 }, 'late'],
    ['two events may share a millisecond', { price: 101, eventTime: T0 }, { price: 100, eventTime: T0 }, undefined],
    [
      'a vendor that sends minutes is not late within its minute',
      { price: 100, eventTime: T0 - 59_000, eventTimeStep: 60_000 },
      { price: 100, eventTime: T0 },
      undefined,
    ],
    [
      'but it is late in the minute after',
      { price: 100, eventTime: T0 - 60_000, eventTimeStep: 60_000 },
      { price: 100, eventTime: T0 },
      'late',
    ],
    [
      'a vendor that takes over may bring an older trade, when the one before has been silent',
      { price: 100, eventTime: T0 - 60_000, vendor: 'w' },
      { price: 100, eventTime: T0 - 20_000, receivedAt: T0 - 20_000 },
      undefined,
    ],
    [
      'but not while the one before still speaks',
      { price: 100, eventTime: T0 - 60_000, vendor: 'w' },
      { price: 100, eventTime: T0 - 20_000 },
      'late',
    ],
    [
      'circuit limits of another day bind nothing',
      { price: 150 },
      { price: 100, lowerCircuit: 80, upperCircuit: 120, receivedAt: T0 - DAY },
      undefined,
    ],
    ['nor does its previous close', { price: 50 }, { price: 100, previousClose: 100, receivedAt: T0 - DAY }, undefined],
    [
      'limits of 0 are no limits',
      { price: 100, lowerCircuit: 0, upperCircuit: 0, previousClose: 0 },
      { price: 100, lowerCircuit: 0, upperCircuit: 0, previousClose: 0 },
      undefined,
    ],
  ])('%s', (_, given, before, expected) => {
    expect(verdict(given, before)).toBe(expected);
  });
});

describe('a volume', () => {
  it.each<[string, Partial<Tick>, Partial<Tick>, boolean]>([
    ['does not shrink', { volume: 9, eventTime: T0 }, { volume: 10, eventTime: T0 - 1 }, true],
    ['does not shrink after ticks without one', { volume: 9 }, { volume: 10, eventTime: T0 - 3 * 3_600_000 }, true],
    ['may stay', { volume: 10 }, { volume: 10 }, false],
    ['starts again on another day', { volume: 9, eventTime: T0 }, { volume: 10, eventTime: T0 - DAY }, false],
    ['starts again on another day without times', { volume: 9 }, { volume: 10, receivedAt: T0 - DAY }, false],
    ["is not compared with another vendor's", { volume: 9, vendor: 'w' }, { volume: 10, vendor: 'v' }, false],
  ])('%s', (_, given, before, expected) => {
    const state = new QuoteState(anInstrument({ id: 'NSE:A1' }), 1);
    state.apply(aTick(before));
    state.apply(aTick({ bid: 5, eventTime: before.eventTime }));
    expect(isVolumeBack(aTick(given), state)).toBe(expected);
  });
});
