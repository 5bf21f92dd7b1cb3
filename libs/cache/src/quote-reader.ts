import {
  type Clock,
  type EpochMs,
  InvalidSymbolError,
  type InstrumentId,
  type MarketDataError,
  SourceFailedError,
} from '#domain';
import type { QuoteStatus } from '#protocol';
import type { CachedQuote } from './cached-answer.js';
import type { LastValueStore } from './last-value.store.js';
import type { QuoteCache, Remembered } from './quote-cache.js';
import {
  failure,
  lastResort,
  type Layer,
  ofMemory,
  ofShared,
  type QuoteReading,
  type ReadFailure,
  type ReadResult,
  resultOf,
} from './quote-reading.js';
import type { QuoteState } from './quote-state.js';
import { SingleFlight } from './single-flight.js';

type Answer = QuoteReading | ReadFailure;

/** Brings an instrument's value up to date with a vendor that carries it. */
export interface ValueSource {
  /** Whether the value in memory is kept current without being asked for. */
  isCurrent(state: QuoteState): boolean;
  /** How fresh the value in memory is. */
  statusOf(state: QuoteState): QuoteStatus;
  /** Whether a value that was confirmed then may have been overtaken by what an operator has held back. */
  doubts(state: QuoteState, confirmedAt: number): boolean;
  /** Asks the vendors in order until one gives a value; undefined when one did, else the last vendor's error. */
  refresh(state: QuoteState): Promise<MarketDataError | undefined>;
  /** Someone has asked for the instrument: keep it current for a while. */
  requested(state: QuoteState): void;
}

/** Told what this process was told to forget, after it has; undefined for all. */
export type ForgetListener = (ids: readonly InstrumentId[] | undefined) => void;

/** Reads quotes layer by layer; each answer says which layer and how old. */
export class QuoteReader {
  private readonly flights = new SingleFlight<InstrumentId, Answer>();
  private readonly refreshes = new SingleFlight<InstrumentId, Answer>();
  /** When what was forgotten had been confirmed: another node may say that again, doubts and all. */
  private readonly forgotten = new Map<QuoteState, EpochMs>();
  private tellForgotten: ForgetListener = () => undefined;
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
    return this.flights.joined + this.refreshes.joined;
  }

  /** One answer per distinct symbol, in the order asked: a quote or an error. Never rejects. */
  async read(symbols: readonly string[]): Promise<ReadResult> {
    const wanted = [...new Set(symbols)].map((symbol) => this.want(symbol));
    const behind = wanted.filter(isState).filter((state) => !this.isInMemory(state));
    const brought = new Map<QuoteState, Answer>();
    if (behind.length > 0) {
      const flights = [...this.readBehind(behind)];
      await Promise.all(flights.map(async ([state, answer]) => brought.set(state, await answer)));
    }
    // memory goes on while others are waited for: what it answers is read when all have come
    return resultOf(wanted.map((one) => this.count(isState(one) ? this.answerNow(one, brought.get(one)) : one)));
  }

  /**
   * Whether memory answers for all of these at once, as `read` would. When it does they are counted and wanted like a read's; otherwise
   * nothing has happened.
   */
  takeCurrent(states: readonly QuoteState[]): boolean {
    if (!states.every((state) => this.isInMemory(state))) return false;
    for (const state of states) this.source.requested(state);
    this.served.l1 += states.length;
    return true;
  }

  /** Whether memory has any value of a symbol. */
  knows(symbol: InstrumentId): boolean {
    return this.lastValues.peek(symbol)?.known === true;
  }

  /** How fresh the value in memory is. */
  statusOf(state: QuoteState): QuoteStatus {
    return this.source.statusOf(state);
  }

  /** Asks vendors whatever is known, within their limits: one answer per distinct symbol. Never rejects. */
  async refresh(symbols: readonly string[]): Promise<ReadResult> {
    const asked = [...new Set(symbols)].map(async (symbol) => {
      const state = this.lastValues.peek(symbol);
      if (state === undefined) return failure(symbol, new InvalidSymbolError(symbol));
      this.source.requested(state);
      return await this.refreshes.run(symbol, () => this.askVendors(state, undefined));
    });
    return resultOf(await Promise.all(asked));
  }

  /**
   * Forgets what is remembered of a symbol, so that the next read asks a vendor.
   * @throws InvalidSymbolError, or SourceFailedError when Redis keeps it
   */
  async invalidate(symbol: string): Promise<void> {
    const state = this.lastValues.peek(symbol);
    if (state === undefined) throw new InvalidSymbolError(symbol);
    this.doubt([state]);
    try {
      await this.cache.delete(symbol);
    } finally {
      this.tellForgotten([symbol]);
    }
  }

  /**
   * Forgets what is remembered of all symbols.
   * @returns keys deleted in Redis
   * @throws SourceFailedError when Redis fails on the way
   */
  async clear(): Promise<number> {
    this.doubt(this.lastValues.known());
    try {
      return await this.cache.clear();
    } finally {
      this.tellForgotten(undefined);
    }
  }

  /** The other nodes of a fleet have memories of their own. */
  onForget(listener: ForgetListener): void {
    this.tellForgotten = listener;
  }

  /** Forgets what this process remembers, as another was told to. @param ids absent for all; unknown ones mean nothing */
  async forget(ids?: readonly InstrumentId[]): Promise<void> {
    const states = ids?.map((id) => this.lastValues.peek(id)).filter((state) => state !== undefined);
    this.doubt(states ?? this.lastValues.known());
    await this.cache.forget(ids);
  }

  private doubt(states: Iterable<QuoteState>): void {
    for (const state of states) {
      state.doubt();
      this.forgotten.set(state, state.confirmedAt);
    }
  }

  private isForgotten(state: QuoteState): boolean {
    const confirmedAt = this.forgotten.get(state);
    if (confirmedAt === undefined) return false;
    if (state.confirmedAt <= confirmedAt) return true;
    this.forgotten.delete(state);
    return false;
  }

  private want(symbol: string): ReadFailure | QuoteState {
    const state = this.lastValues.peek(symbol);
    if (state === undefined) return failure(symbol, new InvalidSymbolError(symbol));
    this.source.requested(state);
    return state;
  }

  /** @param brought what was found behind memory; undefined where memory answers */
  private answerNow(state: QuoteState, brought: Answer | undefined): Answer {
    const layer = brought === undefined ? 'l1' : 'layer' in brought ? brought.layer : undefined;
    // what the vendors gave is in memory too
    if (state.known && (layer === 'l1' || layer === 'l3'))
      return ofMemory(state, layer, this.source.statusOf(state), this.clock.now());
    return brought ?? failure(state.instrument.id, new SourceFailedError('vendors', 'none gave a usable value'));
  }

  private isInMemory(state: QuoteState): boolean {
    const isYoung =
      this.clock.now() - state.confirmedAt <= this.freshMs && !state.isDoubted && !this.isForgotten(state);
    return state.known && (isYoung || this.source.isCurrent(state));
  }

  private readBehind(states: readonly QuoteState[]): Map<QuoteState, Promise<Answer>> {
    const ids = states.map(({ instrument }) => instrument.id).filter((id) => !this.flights.has(id));
    const remembered = this.cache.get(ids);
    return new Map(
      states.map((state) => {
        const { id } = state.instrument;
        return [state, this.flights.run(id, async () => this.answer(state, (await remembered).get(id)))];
      }),
    );
  }

  private async answer(state: QuoteState, { quote, failure: failed }: Remembered = {}): Promise<Answer> {
    const now = this.clock.now();
    if (quote !== undefined && quote.at > state.confirmedAt && this.isFresh(state, quote, now))
      return ofShared(quote, now);
    if (failed !== undefined) {
      const { code, message } = failed;
      return this.lastResort(state, quote) ?? { symbol: state.instrument.id, code, message };
    }
    return await this.askVendors(state, quote);
  }

  /** A store may keep a price longer than it is worth: it is served while it is fresh, or marked. */
  private isFresh(state: QuoteState, { at, quote }: CachedQuote, now: number): boolean {
    return now - at <= this.freshMs && !quote.stale && !this.source.doubts(state, at);
  }

  private async askVendors(state: QuoteState, shared: Remembered['quote']): Promise<Answer> {
    const { id } = state.instrument;
    const error = await this.source.refresh(state);
    if (error !== undefined) {
      const { code, message } = error;
      void this.cache.set(id, { kind: 'failure', code, message, at: this.clock.now() });
      return this.lastResort(state, shared) ?? failure(id, error);
    }
    if (!state.known) return failure(id, new SourceFailedError('vendors', 'none gave a usable value'));
    // nobody waits for Redis to have written it
    void this.cache.set(id, { kind: 'quote', quote: state.quote(), at: state.confirmedAt, halted: state.halted });
    return ofMemory(state, 'l3', this.source.statusOf(state), this.clock.now());
  }

  private lastResort(state: QuoteState, shared: Remembered['quote']): QuoteReading | undefined {
    return lastResort(state, this.source.statusOf(state), shared, this.clock.now());
  }

  private count(answer: Answer): Answer {
    this.served['layer' in answer ? answer.layer : 'failed']++;
    return answer;
  }
}

function isState(answer: Answer | QuoteState): answer is QuoteState {
  return 'instrument' in answer;
}
