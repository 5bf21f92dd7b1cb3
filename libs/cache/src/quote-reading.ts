import type { EpochMs, ErrorCode, MarketDataError, Quote, VendorId } from '#domain';
import type { QuoteStatus } from '#protocol';
import type { CachedQuote } from './cached-answer.js';
import type { QuoteState } from './quote-state.js';

/** Where an answer came from: memory kept current by the feeds, a shared cache, a vendor asked just now, or the last value that is left. */
export type Layer = 'l1' | 'l2' | 'l3' | 'l4';

/** A quote as a reader gets it. */
export interface QuoteReading {
  readonly quote: Quote;
  readonly layer: Layer;
  readonly status: QuoteStatus;
  /** Milliseconds since a vendor last confirmed the value. */
  readonly age: number;
  /** What memory knows of the value besides; undefined when it is not memory's. */
  readonly provenance?: Provenance | undefined;
}

/** Which vendor said the parts of a quote, and when. */
export interface Provenance {
  /** When a vendor last said the price itself; 0 when none has. */
  readonly pricedAt: EpochMs;
  /** Vendor of the volume; empty when none has said one. */
  readonly volumeSource: VendorId;
  /** Trading day of the volume in days since 1970, by the exchange's clock; 0 when not known. */
  readonly volumeDay: number;
}

export interface ReadFailure {
  readonly symbol: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface ReadResult {
  readonly quotes: readonly QuoteReading[];
  readonly errors: readonly ReadFailure[];
}

export function failure(symbol: string, error: MarketDataError): ReadFailure {
  return { symbol, code: error.code, message: error.message };
}

/** The value in memory. */
export function ofMemory(state: QuoteState, layer: Layer, status: QuoteStatus, now: number): QuoteReading {
  const age = now - state.confirmedAt;
  const quote = state.quote();
  if (quote.stale) quote.age = age;
  const { pricedAt, volumeSource, volumeDay } = state;
  return { quote, layer, status, age, provenance: { pricedAt, volumeSource, volumeDay } };
}

/** A value of the shared cache that is fresh. */
export function ofShared({ quote, at, halted }: CachedQuote, now: number): QuoteReading {
  return { quote, layer: 'l2', status: halted ? 'halted' : 'live', age: Math.max(0, now - at) };
}

/** The last known value, marked stale with its age: the newer one of memory's and the shared cache's. Undefined when there is none. */
export function lastResort(
  state: QuoteState,
  statusNow: QuoteStatus,
  shared: CachedQuote | undefined,
  now: number,
): QuoteReading | undefined {
  const isShared = shared !== undefined && shared.at > state.confirmedAt;
  if (!isShared && !state.known) return undefined;
  const reading = isShared ? { ...ofShared(shared, now), layer: 'l4' as const } : ofMemory(state, 'l4', statusNow, now);
  const status = !isShared && isDoubtful(reading.status) ? reading.status : 'delayed';
  return { ...reading, status, quote: { ...reading.quote, stale: true, age: reading.age } };
}

function isDoubtful(status: QuoteStatus): boolean {
  return status !== 'live' && status !== 'halted';
}

/** Sorts answers into quotes and errors. */
export function resultOf(answers: readonly (QuoteReading | ReadFailure)[]): ReadResult {
  const quotes: QuoteReading[] = [];
  const errors: ReadFailure[] = [];
  for (const answer of answers) {
    if ('quote' in answer) quotes.push(answer);
    else errors.push(answer);
  }
  return { quotes, errors };
}
