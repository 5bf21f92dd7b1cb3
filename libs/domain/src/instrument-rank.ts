import type { Instrument } from './instrument.js';

/** Letters from which on one may be wrong: of fewer, too many words are one letter apart. */
const FORGIVEN_FROM = 5;

/** An instrument with what a search compares, in upper case. */
export interface Searchable {
  readonly instrument: Instrument;
  readonly exact: readonly (string | undefined)[];
  readonly name: string;
  readonly words: readonly string[];
}

export function searchable(instrument: Instrument): Searchable {
  const { id, exchange, ticker, isin, bseCode } = instrument;
  const name = instrument.name.toUpperCase();
  return {
    instrument,
    exact: [id, id.slice(exchange.length + 1), ticker, isin, bseCode],
    name,
    words: name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''),
  };
}

/**
 * How well an instrument matches, 0 best: exact id, ticker, code or ISIN; beginning of a ticker or id; each word the beginning of a
 * word of the name; any part of name, ticker or ISIN. Undefined when it does not.
 * @param needle in upper case, not empty
 * @param forgives whether one letter of a ticker or word may be wrong, missing, too many or swapped with its neighbour
 */
export function rankOf(entry: Searchable, needle: string, forgives: boolean): number | undefined {
  const { ticker, id, isin } = entry.instrument;
  if (forgives) return isAlmost(entry, needle) ? 0 : undefined;
  if (entry.exact.includes(needle)) return 0;
  if (ticker.startsWith(needle) || id.startsWith(needle)) return 1;
  const wanted = needle.split(/\s+/);
  if (wanted.every((part) => entry.words.some((word) => word.startsWith(part)))) return 2;
  return entry.name.includes(needle) || ticker.includes(needle) || isin?.includes(needle) === true ? 3 : undefined;
}

function isAlmost({ instrument, words }: Searchable, needle: string): boolean {
  if (needle.length < FORGIVEN_FROM) return false;
  if (isOneEditApart(needle, instrument.ticker)) return true;
  return needle
    .split(/\s+/)
    .every((part) =>
      words.some((word) => word.startsWith(part) || (part.length >= FORGIVEN_FROM && isOneEditApart(part, word))),
    );
}

/** Whether two different words become the same by one letter changed, added or left out, or two neighbours swapped. */
export function isOneEditApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  if (endA - start <= 1 && endB - start <= 1) return true;
  return endA - start === 2 && endB - start === 2 && a[start] === b[start + 1] && a[start + 1] === b[start];
}
