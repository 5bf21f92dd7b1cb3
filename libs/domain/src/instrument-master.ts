import type { Instrument, InstrumentId } from './instrument.js';

/** Every instrument the gateway knows, by id and by free text. */
export class InstrumentMaster {
  private readonly byId: ReadonlyMap<InstrumentId, Instrument>;

  constructor(instruments: Iterable<Instrument>) {
    this.byId = new Map([...instruments].map((instrument) => [instrument.id, instrument]));
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

  /**
   * Instruments whose id, ticker, ISIN or name matches, best first: exact ticker or code, then ticker prefix, then any word of
   * the name, then any part. Empty text lists the master in order.
   */
  search(text: string, limit: number): Instrument[] {
    const needle = text.trim().toUpperCase();
    const hits: { instrument: Instrument; rank: number }[] = [];
    for (const instrument of this.byId.values()) {
      const rank = needle === '' ? 0 : rankOf(instrument, needle);
      if (rank !== undefined) hits.push({ instrument, rank });
    }
    hits.sort((a, b) => a.rank - b.rank);
    return hits.slice(0, limit).map((hit) => hit.instrument);
  }
}

function rankOf(instrument: Instrument, needle: string): number | undefined {
  const code = instrument.id.slice(instrument.exchange.length + 1);
  if ([instrument.id, code, instrument.ticker, instrument.isin, instrument.bseCode].includes(needle)) return 0;
  if (instrument.ticker.startsWith(needle) || instrument.id.startsWith(needle)) return 1;
  const name = instrument.name.toUpperCase();
  if (name.split(/\W+/).some((word) => word.startsWith(needle))) return 2;
  return name.includes(needle) || instrument.ticker.includes(needle) ? 3 : undefined;
}
