import type { Instrument, InstrumentId } from './instrument.js';
import { rankOf, type Searchable, searchable, wordsOf } from './instrument-rank.js';
import { isOneEditApart } from './one-edit.js';
import { FORGIVEN_FROM, WordIndex } from './word-index.js';

/** Narrows a search; what is absent does not. */
export interface SearchFilter {
  /** In any case, as `index`. */
  readonly exchange?: string | undefined;
  readonly index?: string | undefined;
  readonly allows?: ((id: InstrumentId) => boolean) | undefined;
}

/** Every instrument the gateway knows, by id and by free text. */
export class InstrumentMaster {
  private readonly byId: ReadonlyMap<InstrumentId, Instrument>;
  private readonly entries: readonly Searchable[];
  private readonly words: WordIndex;

  constructor(instruments: Iterable<Instrument>) {
    this.byId = new Map([...instruments].map((instrument) => [instrument.id, instrument]));
    this.entries = [...this.byId.values()].map(searchable);
    this.words = new WordIndex(this.entries.map(wordsOf));
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: InstrumentId): Instrument | undefined {
    return this.byId.get(id);
  }

  all(): Iterable<Instrument> {
    return this.byId.values();
  }

  /** How many instruments somebody may see. */
  count(allows?: (id: InstrumentId) => boolean): number {
    if (allows === undefined) return this.size;
    let count = 0;
    for (const id of this.byId.keys()) if (allows(id)) count++;
    return count;
  }

  /**
   * Instruments whose id, ticker, code, ISIN or name matches, best first, those that match alike in the master's order. Empty text
   * lists the master. Where nothing matches a text of five letters or more, one letter of it may be wrong.
   */
  search(text: string, limit: number, filter: SearchFilter = {}): Instrument[] {
    const needle = text.trim().toUpperCase();
    const admits = admission(filter);
    const hits = this.ranked(needle).filter(admits);
    if (hits.length > 0 || needle.length < FORGIVEN_FROM) return hits.slice(0, limit);
    return this.almost(needle).filter(admits).slice(0, limit);
  }

  private ranked(needle: string): Instrument[] {
    if (needle === '') return [...this.byId.values()];
    const hasWords = this.words.withAll(needle.split(/\s+/), false);
    const byRank: Instrument[][] = [];
    this.entries.forEach((entry, position) => {
      const rank = rankOf(entry, needle, hasWords[position] === 1);
      if (rank !== undefined) (byRank[rank] ??= []).push(entry.instrument);
    });
    return byRank.flat();
  }

  private almost(needle: string): Instrument[] {
    const hasWords = this.words.withAll(needle.split(/\s+/), true);
    return [...this.byId.values()].filter(
      ({ ticker }, position) => hasWords[position] === 1 || isOneEditApart(needle, ticker),
    );
  }
}

function admission({ exchange, index, allows }: SearchFilter): (instrument: Instrument) => boolean {
  const [ownExchange, ownIndex] = [exchange?.toUpperCase(), index?.toUpperCase()];
  return ({ id, exchange: own, indices }) => {
    if (ownExchange !== undefined && ownExchange !== own) return false;
    if (ownIndex !== undefined && !indices.some((name) => name.toUpperCase() === ownIndex)) return false;
    return allows === undefined || allows(id);
  };
}
