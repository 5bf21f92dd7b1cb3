import type { ErrorCode, MarketDataError, Quote } from '#domain';
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
  return { quote, layer, status, age };
}

/** A value of the shared cache that is fresh. */
export function ofShared({ quote, at, halted }: CachedQuote, now: number): QuoteReading {
  return { quote, layer: 'l2', status: halted ? 'halted' : 'live', age: now - at };
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
