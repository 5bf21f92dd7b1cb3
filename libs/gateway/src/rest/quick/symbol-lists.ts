import type { LastValueStore, QuoteState } from '#cache';
import { MAX_SYMBOLS_PER_REQUEST } from '../v1/quotes.dto.js';

/** Pollers ask for the same lists again and again; this many are remembered. */
const REMEMBERED = 1000;
/** A plain list of symbols: no further parameter, no space, no plus sign. */
const PLAIN = /^(?:[A-Za-z0-9:,._-]|%3A|%2C|%26)+$/i;

/** What the lists in addresses name. */
export class SymbolLists {
  private readonly known = new Map<string, readonly QuoteState[]>();

  constructor(private readonly lastValues: LastValueStore) {}

  /** States of a list's symbols, each once; undefined unless it is plain, and all of it is known. */
  of(list: string): readonly QuoteState[] | undefined {
    const known = this.known.get(list);
    if (known !== undefined) return known;
    if (!PLAIN.test(list)) return undefined;
    const symbols = decodeURIComponent(list).split(',');
    if (symbols.length > MAX_SYMBOLS_PER_REQUEST) return undefined;
    const states: QuoteState[] = [];
    for (const symbol of new Set(symbols)) {
      const state = this.lastValues.peek(symbol);
      if (state === undefined) return undefined;
      states.push(state);
    }
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(list, states);
    return states;
  }
}
