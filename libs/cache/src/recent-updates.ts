import {
  type Clock,
  type Delta,
  type EpochMs,
  type Instrument,
  type InstrumentId,
  type Quote,
  quoteOf,
  unknownValues,
  type VendorId,
} from '#domain';

/** One published change, kept for a while. */
export interface RecentUpdate {
  readonly seq: number;
  /** When it was published. */
  readonly publishedAt: EpochMs;
  readonly quote: Quote;
}

export interface RecentFilter {
  readonly symbol?: string;
  readonly text?: string;
  readonly allows?: (id: InstrumentId) => boolean;
}

interface Entry {
  instrument: Instrument | undefined;
  sequence: number;
  publishedAt: EpochMs;
  source: VendorId;
  readonly values: Float64Array;
}

/** The last published changes of all instruments: a ring of fixed size whose entries also expire. Adding copies numbers and allocates nothing. */
export class RecentUpdates {
  private readonly ring: Entry[];
  private added = 0;
  private cleared = 0;

  constructor(
    private readonly clock: Clock,
    readonly capacity: number,
    readonly ttlMs: number,
  ) {
    this.ring = Array.from({ length: capacity }, () => ({
      instrument: undefined,
      sequence: 0,
      publishedAt: 0,
      source: '',
      values: unknownValues(),
    }));
  }

  add(delta: Delta): void {
    const entry = this.ring[this.added % this.capacity] as Entry;
    entry.instrument = delta.instrument;
    entry.sequence = delta.sequence;
    entry.publishedAt = this.clock.now();
    entry.source = delta.source;
    entry.values.set(delta.values);
    this.added++;
  }

  /**
   * The newest `limit` updates that match, newest first. `symbol` is an instrument id, `text` any part of id or company name,
   * `allows` says which instruments the reader may see.
   */
  find(limit: number, filter: RecentFilter = {}): RecentUpdate[] {
    const text = filter.text?.toUpperCase();
    const found: RecentUpdate[] = [];
    for (const entry of this.newestFirst()) {
      const instrument = entry.instrument as Instrument;
      if (filter.symbol !== undefined && instrument.id !== filter.symbol) continue;
      if (filter.allows?.(instrument.id) === false) continue;
      if (text !== undefined && !`${instrument.id} ${instrument.name.toUpperCase()}`.includes(text)) continue;
      const quote = quoteOf(instrument, entry.values, entry.source);
      found.push({ seq: entry.sequence, publishedAt: entry.publishedAt, quote });
      if (found.length === limit) break;
    }
    return found;
  }

  stats(): { size: number; capacity: number; ttlMs: number; added: number; oldest: EpochMs | undefined } {
    let size = 0;
    let oldest: EpochMs | undefined;
    for (const entry of this.newestFirst()) {
      size++;
      oldest = entry.publishedAt;
    }
    return { size, capacity: this.capacity, ttlMs: this.ttlMs, added: this.added, oldest };
  }

  /** Forgets everything; returns how much that was. */
  clear(): number {
    const { size } = this.stats();
    this.cleared = this.added;
    return size;
  }

  private *newestFirst(): Iterable<Entry> {
    const expired = this.clock.now() - this.ttlMs;
    const end = Math.max(this.cleared, this.added - this.capacity);
    for (let i = this.added - 1; i >= end; i--) {
      const entry = this.ring[i % this.capacity] as Entry;
      if (entry.publishedAt < expired) return;
      yield entry;
    }
  }
}
