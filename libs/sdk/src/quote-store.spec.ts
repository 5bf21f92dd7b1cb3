import { beforeEach, describe, expect, it } from 'vitest';
import { QuoteStore } from './quote-store.js';

const symbol = 'NSE:TCS';
let store: QuoteStore;

beforeEach(() => {
  store = new QuoteStore();
  store.snapshot({ symbol, seq: 5, data: { symbol, price: 10, bid: 9, stale: false } }, 'e1');
});

const update = (seq: number, data: object = { price: seq }, prev?: number): string =>
  store.update({ symbol, seq, data, ...(prev === undefined ? {} : { prev }) }, false).kind;

describe('a delta', () => {
  it('applies to the sequence before, and null takes a field away', () => {
    expect(store.update({ symbol, seq: 6, data: { price: 11, bid: null } }, false)).toEqual({
      kind: 'applied',
      quote: { symbol, price: 11, stale: false },
      values: { price: 11, bid: null },
    });
  });

  it.each([
    ['the same again', 5, undefined, 'repeated'],
    ['an older one', 4, undefined, 'repeated'],
    ['one too far', 7, undefined, 'gap'],
    ['one that skipped what we did not ask for', 9, 5, 'applied'],
    ['one that follows less than we have', 9, 3, 'applied'],
    ['one that follows more than we have', 9, 7, 'gap'],
  ])('%s: %i after %s is %s', (_name, seq, prev, kind) => {
    expect(update(seq, { price: 1 }, prev)).toBe(kind);
    expect(store.quote(symbol)?.price).toBe(kind === 'applied' ? 1 : 10);
  });

  it('fits nothing in another epoch, before a snapshot, or after a poll', () => {
    store.enter('e2');
    expect(update(6)).toBe('gap');
    expect(store.quote(symbol)?.price).toBe(10);
    expect(store.snapshot({ symbol, seq: 1, data: { symbol, price: 12 } }, 'e2').kind).toBe('applied');
    expect(update(2)).toBe('applied');
    store.polled({ symbol, price: 13 });
    expect(update(3)).toBe('gap');
    expect(store.update({ symbol: 'NSE:INFY', seq: 1, data: {} }, true).kind).toBe('gap');
  });
});

describe('a whole quote', () => {
  it('names only what is new, null for what is gone', () => {
    const outcome = store.update({ symbol, seq: 6, data: { symbol, price: 10, ask: 11, stale: false } }, true);
    expect(outcome).toEqual({
      kind: 'applied',
      quote: { symbol, price: 10, ask: 11, stale: false },
      values: { ask: 11, bid: null },
    });
  });

  it('of an older position is left out, of the same one it is taken', () => {
    expect(store.snapshot({ symbol, seq: 4, data: { price: 1 } }, 'e1').kind).toBe('repeated');
    expect(store.snapshot({ symbol, seq: 5, data: { price: 2 } }, 'e1').kind).toBe('applied');
  });
});

it('gives frozen quotes, and keeps those that were given', () => {
  const before = store.quote(symbol);
  update(6);
  expect(before).toEqual({ symbol, price: 10, bid: 9, stale: false });
  expect(Object.isFrozen(store.quote(symbol))).toBe(true);
});
