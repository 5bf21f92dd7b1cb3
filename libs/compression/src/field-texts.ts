import {
  ALL_FIELDS_MASK,
  COMPANY_NAME_BIT,
  type Delta,
  type Epoch,
  type Instrument,
  QUOTE_FIELD_COUNT,
  SOURCE_BIT,
} from '#domain';

/** How one format writes the parts of a quote; every result is a latin1 string. */
export interface FieldWriter {
  /** Key and value of a numeric field that is known. */
  number(slot: number, value: number, instrument: Instrument): string;
  /** Key of a numeric field with the mark for "no longer known"; deltas only. */
  cleared(slot: number): string;
  source(source: string): string;
  companyName(name: string): string;
}

/** The fields of one quote as text, and how many there are. */
export interface FieldText {
  text: string;
  count: number;
}

interface Cached {
  epoch: string;
  sequence: number;
  source: string;
  readonly companyName: string;
  readonly parts: string[];
}

/**
 * Keeps the text of every field of every instrument in one format, and rewrites only what changed: a whole quote costs
 * little more than its delta, and all encodings of the format share the work.
 */
export class FieldTexts {
  private readonly cached: Cached[] = [];
  private readonly result: FieldText = { text: '', count: 0 };

  constructor(
    private readonly writer: FieldWriter,
    private readonly separator: string,
    private readonly epoch: Epoch,
  ) {}

  /** The whole quote, as far as it is known and `mask` lets it through. The returned object is reused by the next call. */
  whole(quote: Delta, mask: number): Readonly<FieldText> {
    return this.join(quote, mask, false);
  }

  /** What changed since the sequence before, as far as `mask` lets it through; a field that is no longer known is marked so. */
  changed(delta: Delta, mask: number): Readonly<FieldText> {
    return this.join(delta, mask & delta.changed, true);
  }

  private join(quote: Delta, mask: number, marksCleared: boolean): Readonly<FieldText> {
    const cached = this.refreshed(quote);
    const { result, separator } = this;
    let text = '';
    let count = 0;
    if ((mask & COMPANY_NAME_BIT) !== 0) {
      text = cached.companyName;
      count++;
    }
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      if ((mask & (1 << slot)) === 0) continue;
      let part = cached.parts[slot] as string;
      if (part === '') {
        if (!marksCleared) continue;
        part = this.writer.cleared(slot);
      }
      text = count === 0 ? part : text + separator + part;
      count++;
    }
    if ((mask & SOURCE_BIT) !== 0) {
      text = count === 0 ? cached.source : text + separator + cached.source;
      count++;
    }
    result.text = text;
    result.count = count;
    return result;
  }

  private refreshed(quote: Delta): Cached {
    const epoch = this.epoch.name;
    const cached = (this.cached[quote.wireId] ??= {
      epoch,
      sequence: -1,
      source: '',
      companyName: this.writer.companyName(quote.instrument.name),
      parts: Array.from({ length: QUOTE_FIELD_COUNT }, () => ''),
    });
    const isOfEpoch = cached.epoch === epoch;
    if (isOfEpoch && cached.sequence === quote.sequence) return cached;
    const stale = isOfEpoch && cached.sequence === quote.sequence - 1 ? quote.changed : ALL_FIELDS_MASK;
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      if ((stale & (1 << slot)) === 0) continue;
      const value = quote.values[slot] as number;
      cached.parts[slot] = Number.isNaN(value) ? '' : this.writer.number(slot, value, quote.instrument);
    }
    if ((stale & SOURCE_BIT) !== 0) cached.source = this.writer.source(quote.source);
    cached.epoch = epoch;
    cached.sequence = quote.sequence;
    return cached;
  }
}
