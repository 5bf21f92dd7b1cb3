import { type Delta, type Epoch, type InstrumentId, type InstrumentMaster, type Tick } from '#domain';
import { QuoteState } from './quote-state.js';

/** L1: the last value of every instrument ever seen, owned by the tick path. Plain memory, no expiry: age is part of the answer. */
export class LastValueStore {
  private readonly states = new Map<InstrumentId, QuoteState>();
  private readonly deltas: Delta[] = [];

  constructor(
    private readonly master: InstrumentMaster,
    /** In which the sequences of its quotes count. */
    readonly epoch: Epoch,
  ) {}

  /** The state of a known instrument, created empty on first use; undefined when the master has no such instrument. */
  peek(id: InstrumentId): QuoteState | undefined {
    return this.states.get(id) ?? this.create(id);
  }

  /** Merges an accepted tick into its instrument's value. True when a client would see a difference. */
  apply(tick: Tick): boolean {
    return this.peek(tick.instrument)?.apply(tick) ?? false;
  }

  /**
   * Publishes the newest values: each instrument that really differs from its last published value moves one sequence on.
   * The array and the deltas in it are reused by the next call.
   */
  advance(moved: Iterable<QuoteState>): readonly Delta[] {
    this.deltas.length = 0;
    for (const state of moved) if (state.advance()) this.deltas.push(state);
    return this.deltas;
  }

  /** Begins a new epoch: the values stay, and every instrument's next publication is its first. */
  restart(epoch: string): void {
    this.epoch.begin(epoch);
    for (const state of this.states.values()) state.restart();
  }

  /** States of all instruments anybody has asked for. */
  all(): Iterable<QuoteState> {
    return this.states.values();
  }

  /** States that hold a value. */
  *known(): Iterable<QuoteState> {
    for (const state of this.states.values()) if (state.known) yield state;
  }

  private create(id: InstrumentId): QuoteState | undefined {
    const instrument = this.master.get(id);
    if (instrument === undefined) return undefined;
    const state = new QuoteState(instrument, this.states.size + 1);
    this.states.set(id, state);
    return state;
  }
}
