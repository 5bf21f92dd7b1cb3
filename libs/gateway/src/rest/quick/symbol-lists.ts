import type { LastValueStore, QuoteState } from '#cache';
import { MAX_SYMBOLS_PER_REQUEST } from '../v1/quotes.dto.js';
import { ListAnswer } from './list-answer.js';
import { QuoteText } from './quote-text.js';

/** Pollers ask for the same lists again and again: so many are remembered, */
const MAX_LISTS = 1000;
/** of so many symbols together, about half a KiB each. */
const MAX_SYMBOLS = 50_000;
/** A plain list of symbols: no further parameter, no space, no plus sign. */
const PLAIN = /^(?:[A-Za-z0-9:,._-]|%3A|%2C|%26)+$/i;

/** Remembers the answers to the lists in addresses. */
export class SymbolLists {
  private readonly known = new Map<string, ListAnswer>();
  private readonly texts = new WeakMap<QuoteState, QuoteText>();
  private symbols = 0;

  /** @param beginning of every address, up to its list */
  constructor(
    private readonly lastValues: LastValueStore,
    private readonly beginning: string,
  ) {}

  /** Answer to an address that begins as all do, each symbol once; undefined unless its list is plain, and all of it is known. */
  of(url: string): ListAnswer | undefined {
    const known = this.known.get(url);
    if (known !== undefined) return known;
    const list = url.slice(this.beginning.length);
    if (!PLAIN.test(list)) return undefined;
    const symbols = decodeURIComponent(list).split(',');
    if (symbols.length > MAX_SYMBOLS_PER_REQUEST) return undefined;
    const states: QuoteState[] = [];
    for (const symbol of new Set(symbols)) {
      const state = this.lastValues.peek(symbol);
      if (state === undefined) return undefined;
      states.push(state);
    }
    const texts = states.map((state) => this.textOf(state));
    return this.remember(url, new ListAnswer(url, states, texts));
  }

  private remember(url: string, answer: ListAnswer): ListAnswer {
    this.symbols += answer.states.length;
    this.known.set(url, answer);
    for (const [oldest, { states }] of this.known) {
      if (this.known.size <= MAX_LISTS && this.symbols <= MAX_SYMBOLS) break;
      this.known.delete(oldest);
      this.symbols -= states.length;
    }
    return answer;
  }

  private textOf(state: QuoteState): QuoteText {
    const known = this.texts.get(state);
    if (known !== undefined) return known;
    const text = new QuoteText(state);
    this.texts.set(state, text);
    return text;
  }
}
