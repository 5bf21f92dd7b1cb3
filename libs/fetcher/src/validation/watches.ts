import type { QuoteState } from '#cache';
import { type EpochMs, F, type InstrumentId, type Tick, type VendorId } from '#domain';
import { CONFIRM_WITHIN_MS } from './deep-check.js';
import { PriceMemory } from './price-memory.js';
import type { Rejections } from './rejections.js';

const MAX_SUSPECTS = 2;

/** A vendor whose price of an instrument another vendor has contradicted: it is not served until it comes back, or the doubt ends. */
export interface Doubt {
  readonly vendor: VendorId;
  /** What that vendor has said last, and when it says that happened. */
  price: number;
  eventTime: EpochMs | undefined;
  /** What is served instead. */
  readonly served: number;
  readonly until: EpochMs;
}

/** What is kept of an instrument only while its ticks go through the deep tier. */
export interface Watch {
  readonly state: QuoteState;
  readonly memory: PriceMemory;
  /** Jumps that nobody has confirmed yet, neither served nor refused: at most two, the older first. */
  readonly suspects: Tick[];
  doubt: Doubt | undefined;
  /** Its price has jumped by what one vendor alone says, and no other has been asked since. */
  hasJumped: boolean;
}

/** The instruments whose ticks go through the deep tier. */
export class Watches {
  private readonly byInstrument = new Map<InstrumentId, Watch>();

  constructor(private readonly rejections: Rejections) {}

  get size(): number {
    return this.byInstrument.size;
  }

  get(id: InstrumentId): Watch | undefined {
    return this.byInstrument.get(id);
  }

  all(): Iterable<Watch> {
    return this.byInstrument.values();
  }

  /** Watches an instrument from now on, beginning with its last value. */
  watch(state: QuoteState): Watch {
    const { id, tickSize } = state.instrument;
    let watch = this.byInstrument.get(id);
    if (watch === undefined) {
      const memory = new PriceMemory(state.latest(F.price), state.confirmedAt, tickSize);
      watch = { state, memory, suspects: [], doubt: undefined, hasJumped: false };
      this.byInstrument.set(id, watch);
    }
    return watch;
  }

  unwatch(id: InstrumentId): void {
    const watch = this.byInstrument.get(id);
    if (watch === undefined) return;
    this.refute(watch);
    this.byInstrument.delete(id);
  }

  /** Holds a jump back until another tick confirms it. Two, because a wrong tick may come right after a real gap. */
  suspect(watch: Watch, tick: Tick): void {
    watch.suspects.push(tick);
    if (watch.suspects.length > MAX_SUSPECTS) this.rejections.count(watch.suspects.shift() as Tick, 'outlier');
  }

  /** Nobody has confirmed the suspects: they are refused. */
  refute({ suspects }: Watch): void {
    for (const suspect of suspects) this.rejections.count(suspect, 'outlier');
    suspects.length = 0;
  }

  /** Ends suspicions and doubts that have lasted long enough. */
  expire(now: EpochMs): void {
    for (const watch of this.byInstrument.values()) {
      const [oldest] = watch.suspects;
      if (oldest !== undefined && now - oldest.receivedAt > CONFIRM_WITHIN_MS) {
        this.rejections.count(oldest, 'outlier');
        watch.suspects.shift();
      }
      if (watch.doubt !== undefined && now >= watch.doubt.until) watch.doubt = undefined;
    }
  }
}
