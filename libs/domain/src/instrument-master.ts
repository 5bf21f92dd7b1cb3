import type { Instrument, InstrumentId } from './instrument.js';
import { type Searchable, rankOf, searchable } from './instrument-rank.js';

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

  constructor(instruments: Iterable<Instrument>) {
    this.byId = new Map([...instruments].map((instrument) => [instrument.id, instrument]));
    this.entries = [...this.byId.values()].map(searchable);
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
    const admitted = this.entries.filter((entry) => admits(filter, entry.instrument));
    let hits = ranked(admitted, needle, false);
    if (hits.length === 0) hits = ranked(admitted, needle, true);
    return hits.slice(0, limit);
  }
}

function ranked(entries: readonly Searchable[], needle: string, forgives: boolean): Instrument[] {
  const byRank: Instrument[][] = [];
  for (const entry of entries) {
    const rank = needle === '' ? 0 : rankOf(entry, needle, forgives);
    if (rank !== undefined) (byRank[rank] ??= []).push(entry.instrument);
  }
  return byRank.flat();
}

function admits({ exchange, index, allows }: SearchFilter, { id, exchange: own, indices }: Instrument): boolean {
  if (exchange !== undefined && exchange.toUpperCase() !== own) return false;
  if (index !== undefined && !indices.some((name) => name.toUpperCase() === index.toUpperCase())) return false;
  return allows === undefined || allows(id);
}
