import {
  type Clock,
  type ErrorCode,
  InvalidSymbolError,
  type InstrumentId,
  type MarketDataError,
  type Quote,
  SourceFailedError,
} from '#domain';
import type { QuoteStatus } from '#protocol';
import type { LastValueStore } from './last-value.store.js';
import type { QuoteCache } from './quote-cache.js';
import type { QuoteState } from './quote-state.js';
import { SingleFlight } from './single-flight.js';

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

/** Brings an instrument's value up to date with a vendor that carries it. */
export interface ValueSource {
  /** Whether the value in memory is kept current without being asked for. */
  isCurrent(state: QuoteState): boolean;
  /** How fresh the value in memory is. */
  statusOf(state: QuoteState): QuoteStatus;
  /** Asks the vendors in order until one gives a value; undefined when one did, else the last vendor's error. */
  refresh(state: QuoteState): Promise<MarketDataError | undefined>;
  /** Someone has asked for the instrument: keep it current for a while. */
  requested(state: QuoteState): void;
}

/** Reads quotes layer by layer; each answer says which layer and how old. */
export class QuoteReader {
  private readonly flights = new SingleFlight<InstrumentId, QuoteReading | ReadFailure>();
  readonly served: Record<Layer | 'failed', number> = { l1: 0, l2: 0, l3: 0, l4: 0, failed: 0 };

  constructor(
    private readonly lastValues: LastValueStore,
    private readonly cache: QuoteCache,
    private readonly source: ValueSource,
    private readonly clock: Clock,
    /** Age up to which a value in memory is served without asking anybody, ms. */
    private readonly freshMs: number,
  ) {}

  /** Reads that shared another reader's vendor call. */
  get joined(): number {
    return this.flights.joined;
  }

  /** One answer per distinct symbol, in the order asked: a quote or an error. Never rejects. */
  async read(symbols: readonly string[]): Promise<ReadResult> {
    const answers = await Promise.all([...new Set(symbols)].map((symbol) => this.readOne(symbol)));
    const quotes: QuoteReading[] = [];
    const errors: ReadFailure[] = [];
    for (const answer of answers) {
      if ('quote' in answer) quotes.push(answer);
      else errors.push(answer);
    }
    return { quotes, errors };
  }

  private async readOne(symbol: string): Promise<QuoteReading | ReadFailure> {
    const state = this.lastValues.peek(symbol);
    if (state === undefined) return this.count(failure(symbol, new InvalidSymbolError(symbol)));
    this.source.requested(state);
    const age = this.clock.now() - state.confirmedAt;
    if (state.known && (this.source.isCurrent(state) || age <= this.freshMs))
      return this.count(this.reading(state, 'l1'));
    return this.count(await this.flights.run(symbol, () => this.readBehind(state)));
  }

  private async readBehind(state: QuoteState): Promise<QuoteReading | ReadFailure> {
    const { id } = state.instrument;
    const cached = await this.cache.get(id);
    const cachedAge = cached === undefined ? Infinity : this.clock.now() - cached.at;
    // a store may keep answers longer than they are worth: a price is served while it is fresh, or marked
    if (cached !== undefined && cachedAge <= this.freshMs) {
      if (cached.kind === 'quote') return { quote: cached.quote, layer: 'l2', status: 'live', age: cachedAge };
      return this.lastResort(state, { symbol: id, code: cached.code, message: cached.message });
    }
    const error = await this.source.refresh(state);
    if (error !== undefined) {
      await this.cache.set(id, { kind: 'failure', code: error.code, message: error.message, at: this.clock.now() });
      return this.lastResort(state, failure(id, error));
    }
    if (!state.known) return failure(id, new SourceFailedError('vendors', 'none gave a usable value'));
    await this.cache.set(id, { kind: 'quote', quote: state.quote(), at: state.confirmedAt });
    return this.reading(state, 'l3');
  }

  /** The last known value, marked stale with its age, if there is one. */
  private lastResort(state: QuoteState, error: ReadFailure): QuoteReading | ReadFailure {
    if (!state.known) return error;
    const reading = this.reading(state, 'l4');
    const status = isDoubtful(reading.status) ? reading.status : 'delayed';
    return { ...reading, status, quote: { ...reading.quote, stale: true, age: reading.age } };
  }

  private reading(state: QuoteState, layer: Layer): QuoteReading {
    const age = this.clock.now() - state.confirmedAt;
    const quote = state.quote();
    if (quote.stale) quote.age = age;
    return { quote, layer, status: this.source.statusOf(state), age };
  }

  private count<T extends QuoteReading | ReadFailure>(answer: T): T {
    this.served['layer' in answer ? answer.layer : 'failed']++;
    return answer;
  }
}

function isDoubtful(status: QuoteStatus): boolean {
  return status !== 'live' && status !== 'halted';
}

function failure(symbol: string, error: MarketDataError): ReadFailure {
  return { symbol, code: error.code, message: error.message };
}
