/** Levels of each side that a book keeps. */
export const BOOK_LEVELS = 5;

/**
 * The best orders of one instrument, best first, bids before asks: price, size and number of orders of each level, one number after the
 * other. NaN where there is no level, or where the vendor does not say. Flat, because a frame brings hundreds of them.
 */
export type Book = readonly number[];

const PER_LEVEL = 3;
const PER_SIDE = BOOK_LEVELS * PER_LEVEL;
const NO_LEVELS: Book = Array.from({ length: 2 * PER_SIDE }, () => NaN);

/** One price at which somebody buys or sells. */
export interface BookLevel {
  readonly price: number;
  /** Absent where the vendor does not say. */
  readonly size?: number;
  /** How many orders make up the size; absent where the vendor does not say. */
  readonly orders?: number;
}

/** A book as clients see it: at most five levels a side, best first. */
export interface BookView {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** What a level is now, counted from the best, which is 0. `price: null` says that the side has no such level any more. */
export type BookLevelChange = { readonly index: number } & (BookLevel | { readonly price: null });

/** Levels that differ from the book before; a side without any is left out. */
export interface BookChanges {
  readonly bids?: readonly BookLevelChange[];
  readonly asks?: readonly BookLevelChange[];
}

/** A book without a level, to be filled. */
export function emptyBook(): number[] {
  return NO_LEVELS.slice();
}

/** Writes one level of a book that is being made, from the best, which is 0, without gaps. `orders` is NaN where the vendor does not say. */
export function setLevel(
  book: number[],
  side: 'bids' | 'asks',
  level: number,
  price: number,
  size: number,
  orders = NaN,
): void {
  const slot = slotOf(side, level);
  book[slot] = price;
  book[slot + 1] = size;
  book[slot + 2] = orders;
}

export function bookView(book: Book): BookView {
  return { bids: levels(book, 'bids'), asks: levels(book, 'asks') };
}

/** What has changed between two books; undefined when they are equal. `applyBookChanges` is the other way. */
export function bookChanges(before: Book, now: Book): BookChanges | undefined {
  const bids = sideChanges(before, now, 'bids');
  const asks = sideChanges(before, now, 'asks');
  if (bids.length === 0 && asks.length === 0) return undefined;
  return { ...(bids.length > 0 && { bids }), ...(asks.length > 0 && { asks }) };
}

/** The book after the changes; exact. */
export function applyBookChanges(before: BookView, { bids = [], asks = [] }: BookChanges): BookView {
  return { bids: changedSide(before.bids, bids), asks: changedSide(before.asks, asks) };
}

function slotOf(side: 'bids' | 'asks', level: number): number {
  return (side === 'bids' ? 0 : PER_SIDE) + level * PER_LEVEL;
}

function levelAt(book: Book, slot: number): BookLevel | undefined {
  const [price, size, orders] = [book[slot] as number, book[slot + 1] as number, book[slot + 2] as number];
  if (Number.isNaN(price)) return undefined;
  return { price, ...(!Number.isNaN(size) && { size }), ...(!Number.isNaN(orders) && { orders }) };
}

function levels(book: Book, side: 'bids' | 'asks'): BookLevel[] {
  const found: BookLevel[] = [];
  for (let level = 0; level < BOOK_LEVELS; level++) {
    const one = levelAt(book, slotOf(side, level));
    if (one !== undefined) found.push(one);
  }
  return found;
}

function sideChanges(before: Book, now: Book, side: 'bids' | 'asks'): BookLevelChange[] {
  const changes: BookLevelChange[] = [];
  for (let index = 0; index < BOOK_LEVELS; index++) {
    const slot = slotOf(side, index);
    let isSame = true;
    for (let i = slot; i < slot + PER_LEVEL; i++) if (!Object.is(before[i], now[i])) isSame = false;
    if (!isSame) changes.push({ index, ...(levelAt(now, slot) ?? { price: null }) });
  }
  return changes;
}

function changedSide(before: readonly BookLevel[], changes: readonly BookLevelChange[]): BookLevel[] {
  const after: (BookLevel | undefined)[] = [...before];
  for (const { index, ...level } of changes) after[index] = level.price === null ? undefined : (level as BookLevel);
  return after.filter((level) => level !== undefined);
}
