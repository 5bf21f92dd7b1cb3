import type { Listing } from '../market-model/listing.js';

/**
 * One record of a `quotes` frame. Rupees and Unix ms: s symbol, p price, t time, v volume, b bid, a ask, bs, as and ls their and the
 * last trade's sizes, ap average price, o, h and l open, high and low, pc previous close, lc and uc circuit limits, x whether it is halted.
 */
export interface QuoteRecord {
  s: string;
  p: number;
  t: number;
  [field: string]: unknown;
}

/** The whole quote. Fields that are not known, as `o` before the first trade, are undefined, so JSON leaves them out. */
export function quoteRecord(listing: Listing, price: number, now: number): QuoteRecord {
  const { instrument, volume, bid, ask, bidSize, askSize, lastSize, averagePrice, open, high, low } = listing;
  return {
    s: instrument.id,
    p: price,
    t: listing.changedAt,
    v: volume,
    b: bid,
    a: ask,
    bs: bidSize,
    as: askSize,
    ls: lastSize,
    ap: averagePrice,
    o: open,
    h: high,
    l: low,
    pc: listing.previousClose,
    lc: listing.lowerCircuit,
    uc: listing.upperCircuit,
    x: listing.haltedUntil > now,
  };
}

/** Symbol, price, time, and what differs from the record before. */
export function changedFields(record: QuoteRecord, before: QuoteRecord): QuoteRecord {
  const changed: QuoteRecord = { s: record.s, p: record.p, t: record.t };
  for (const [field, value] of Object.entries(record)) if (value !== before[field]) changed[field] = value;
  return changed;
}
