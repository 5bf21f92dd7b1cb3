import { describe, expect, it } from 'vitest';
import { WHOLE_UPDATE } from '../../../test/support/published-update.js';
import { parseMessage } from './parse-message.js';
import { plainUpdate, PublishedUpdate } from './published-update.js';

describe('An update read by hand', () => {
  it.each<{ name: string; given: object }>([
    { name: 'every field', given: WHOLE_UPDATE },
    { name: 'a symbol alone', given: { symbol: 'NSE:TCS' } },
    { name: 'a time in milliseconds', given: { symbol: 'NSE:TCS', timestamp: 1_800_000_000_000 } },
    { name: 'null for what is left out', given: { symbol: 'NSE:TCS', bid: null, timestamp: null, id: null } },
    { name: 'further properties', given: { symbol: 'NSE:TCS', price: 1, colour: 'red', toString: 1 } },
  ])('is what validation makes of it: $name', ({ given }) => {
    expect(plainUpdate(given)).toEqual({ ...parseMessage(PublishedUpdate, given) });
  });

  it.each(
    [
      undefined,
      null,
      1,
      'NSE:TCS',
      [WHOLE_UPDATE],
      {},
      { price: 1 },
      { symbol: 5 },
      { symbol: null },
      { symbol: 'x'.repeat(65) },
      { symbol: 'NSE:TCS', price: '7' },
      { symbol: 'NSE:TCS', price: Infinity },
      { symbol: 'NSE:TCS', source: 'x'.repeat(65) },
      { symbol: 'NSE:TCS', id: 5 },
      { symbol: 'NSE:TCS', timestamp: 1_800_000_000 },
      { symbol: 'NSE:TCS', timestamp: '2026-11-20T09:15:00' },
      { symbol: 'NSE:TCS', timestamp: true },
      { symbol: 'NSE:TCS', constructor: 'x' },
    ].map((given: unknown) => ({ given })),
  )('is left to validation, which refuses it: $given', ({ given }) => {
    expect(plainUpdate(given)).toBeUndefined();
    expect(() => parseMessage(PublishedUpdate, given)).toThrow();
  });

  it('is told which value is no number', () => {
    expect(() => parseMessage(PublishedUpdate, { symbol: 'NSE:TCS', price: '7' })).toThrow(/price must be a number$/);
  });
});
