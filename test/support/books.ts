import { type Book, emptyBook, setLevel } from '#domain';

type Level = readonly [price: number, size: number];

/** A book for a test: levels of each side, best first. */
export function aBook(bids: readonly Level[], asks: readonly Level[]): Book {
  const book = emptyBook();
  for (const [i, [price, size]] of bids.entries()) setLevel(book, 'bids', i, price, size);
  for (const [i, [price, size]] of asks.entries()) setLevel(book, 'asks', i, price, size);
  return book;
}
