import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyBookChanges, BOOK_LEVELS, type Book, bookChanges, bookView, emptyBook, setLevel } from './book.js';

const level = fc.record({
  price: fc.integer({ min: 1, max: 9 }),
  size: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(NaN)),
  orders: fc.oneof(fc.integer({ min: 1, max: 2 }), fc.constant(NaN)),
});
const side = fc.array(level, { maxLength: BOOK_LEVELS });
const anyBook = fc.tuple(side, side).map(([bids, asks]): Book => {
  const book = emptyBook();
  for (const [i, { price, size, orders }] of bids.entries()) setLevel(book, 'bids', i, price, size, orders);
  for (const [i, { price, size, orders }] of asks.entries()) setLevel(book, 'asks', i, price, size, orders);
  return book;
});

it('gives back every book from the one before and the changes, and names no change where there is none', () => {
  fc.assert(
    fc.property(anyBook, anyBook, (before, now) => {
      const changes = bookChanges(before, now);
      const after = changes === undefined ? bookView(before) : applyBookChanges(bookView(before), changes);
      expect(after).toEqual(bookView(now));
      expect(bookChanges(now, [...now])).toBeUndefined();
    }),
  );
});

it('names changed levels only, and with null those that are gone', () => {
  const before = emptyBook();
  setLevel(before, 'bids', 0, 10, 5);
  setLevel(before, 'bids', 1, 9.95, 7, 2);
  const now = emptyBook();
  setLevel(now, 'bids', 0, 10, 6);
  setLevel(now, 'asks', 0, 10.05, 1);
  expect(bookChanges(before, now)).toEqual({
    bids: [
      { index: 0, price: 10, size: 6 },
      { index: 1, price: null },
    ],
    asks: [{ index: 0, price: 10.05, size: 1 }],
  });
});
