import type { Instrument } from './instrument.js';

/** An instrument with what a search compares, in upper case. */
export interface Searchable {
  readonly instrument: Instrument;
  readonly exact: readonly (string | undefined)[];
  readonly name: string;
  /** All of them in one. */
  readonly text: string;
}

export function searchable(instrument: Instrument): Searchable {
  const { id, exchange, ticker, isin, bseCode } = instrument;
  const exact = [id, id.slice(exchange.length + 1), ticker, isin, bseCode];
  const name = instrument.name.toUpperCase();
  return { instrument, exact, name, text: [name, id, ticker, isin, bseCode].join('\n') };
}

/** Words of a name, in upper case. */
export function wordsOf({ name }: Searchable): string[] {
  return name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

/**
 * How well an instrument matches, 0 best: exact id, ticker, code or ISIN; beginning of a ticker or id; each word the beginning of a
 * word of the name; any part of name, ticker or ISIN. Undefined when it does not.
 * @param needle in upper case, not empty
 * @param hasWords whether each word is the beginning of a word of the name
 */
export function rankOf(entry: Searchable, needle: string, hasWords: boolean): number | undefined {
  // most have it nowhere
  if (!entry.text.includes(needle)) return hasWords ? 2 : undefined;
  const { ticker, id, isin } = entry.instrument;
  if (entry.exact.includes(needle)) return 0;
  if (ticker.startsWith(needle) || id.startsWith(needle)) return 1;
  if (hasWords) return 2;
  return entry.name.includes(needle) || ticker.includes(needle) || isin?.includes(needle) === true ? 3 : undefined;
}
