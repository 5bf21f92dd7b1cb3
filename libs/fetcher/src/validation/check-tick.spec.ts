import { describe, expect, it } from 'vitest';
import { QuoteState } from '#cache';
import type { Tick } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { aTick, T0 } from '../../../../test/support/ticks.js';
import { checkTick } from './check-tick.js';

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
    ['volume does not shrink', { volume: 9, eventTime: T0 }, { volume: 10, eventTime: T0 - 1 }, 'volume'],
    [
      'volume starts again in a new session',
      { volume: 9, eventTime: T0 },
      { volume: 10, eventTime: T0 - 5 * 3_600_000 },
      undefined,
    ],
    ['volumes of two vendors are not compared', { volume: 9, vendor: 'w' }, { volume: 10, vendor: 'v' }, undefined],
  ])('%s', (_, given, before, expected) => {
    expect(verdict(given, before)).toBe(expected);
  });
});
