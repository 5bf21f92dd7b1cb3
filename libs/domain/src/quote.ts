import type { Instrument, InstrumentId } from './instrument.js';
import { F, QUOTE_FIELD_COUNT, QUOTE_FIELDS, type QuoteValues } from './quote-fields.js';
import type { VendorId } from './tick.js';

/**
 * The quote of one instrument as last published: what a snapshot holds.
 * The store owns it and changes it in place at the next `advance`, so read it at once or copy it.
 */
export interface PublishedQuote {
  readonly instrument: Instrument;
  /** Small integer that names the instrument in the compact form, valid in this epoch. */
  readonly wireId: number;
  readonly sequence: number;
  readonly values: QuoteValues;
  readonly source: VendorId;
}

/** A published quote together with what changed since the sequence before. Valid until the next `advance`, like the quote. */
export interface Delta extends PublishedQuote {
  /** Bit mask over `QUOTE_FIELDS`, `SOURCE_BIT` included. */
  readonly changed: number;
  /** Values at `sequence - 1`; all NaN at sequence 1. */
  readonly previous: QuoteValues;
  /** True when it does not follow what was published here before, as the first of an epoch does not: everybody needs the whole quote. */
  readonly isWhole: boolean;
}

/** The last known value of an instrument, all fields merged, as clients and REST consumers see it. A field that is not known is absent. */
export interface Quote {
  symbol: InstrumentId;
  companyName: string;
  price?: number;
  change?: number;
  changePercent?: number;
  volume?: number;
  open?: number;
  high?: number;
  low?: number;
  previousClose?: number;
  bid?: number;
  ask?: number;
  bidSize?: number;
  askSize?: number;
  lastSize?: number;
  averagePrice?: number;
  openInterest?: number;
  /** Exchange event time, ISO 8601 UTC with milliseconds. */
  timestamp?: string;
  source: VendorId;
  stale: boolean;
  /** Milliseconds since the value was last confirmed by a vendor; present only when stale. */
  age?: number;
}

/** The quote as an object, from its values. `age` is left to whoever knows the time. */
export function quoteOf(instrument: Instrument, values: QuoteValues, source: VendorId): Quote {
  const quote: Quote = { symbol: instrument.id, companyName: instrument.name, source, stale: values[F.stale] === 1 };
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    const field = QUOTE_FIELDS[slot] as (typeof QUOTE_FIELDS)[number];
    const value = values[slot] as number;
    if (Number.isNaN(value) || field.name === 'stale') continue;
    if (field.name === 'timestamp') quote.timestamp = new Date(value).toISOString();
    else quote[field.name] = value;
  }
  return quote;
}
