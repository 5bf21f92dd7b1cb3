import type { QuoteState } from '#cache';
import { type Clock, type EpochMs, type InstrumentId, isMarketOpen } from '#domain';
import type { QuoteStatus } from '#protocol';
import type { FeedSupervisor } from './feed-supervisor.js';

export interface FreshnessOptions {
  /** Age from which a quote that nobody confirms is stale, ms; before that it is delayed. */
  readonly staleAfterMs: number;
  /** Age up to which a quote that must be asked for counts as live, ms: a few refresh intervals. */
  readonly liveForMs: number;
  /** Whether quotes of an exchange stand still outside its hours, and are `closed` rather than stale. */
  readonly followsMarketHours: boolean;
}

/** Where a change of freshness is announced. */
export type FreshnessListener = (state: QuoteState, status: QuoteStatus, age: number) => void;

/** Never a frozen price that looks live: watches how long ago each wanted quote was confirmed, and says so when that is too long. */
export class Freshness {
  private readonly status = new Map<InstrumentId, QuoteStatus>();
  /** Since when an instrument is wanted that has never had a value. */
  private readonly waitingSince = new Map<InstrumentId, EpochMs>();

  constructor(
    private readonly supervisor: FeedSupervisor,
    private readonly clock: Clock,
    private readonly options: FreshnessOptions,
    private readonly announce: FreshnessListener,
  ) {}

  /** How fresh an instrument was when it was last looked at. */
  of(id: InstrumentId): QuoteStatus {
    return this.status.get(id) ?? 'live';
  }

  /** Looks at every quote, also those that have had no value yet. `moved` is called for those whose staleness changed, so that clients get it with the quote. */
  check(states: Iterable<QuoteState>, moved: (state: QuoteState) => void): void {
    for (const state of states) {
      const { id } = state.instrument;
      // what nobody wants is not carried, so its age says nothing; it is judged when it is wanted again
      if (this.supervisor.carriersOf(id).length === 0) continue;
      const now = state.known ? this.judge(state) : this.judgeMissing(id);
      if (now === this.of(id)) continue;
      this.status.set(id, now);
      if (state.markStale(now !== 'live' && now !== 'closed')) moved(state);
      this.announce(
        state,
        now,
        this.clock.now() - (state.known ? state.confirmedAt : (this.waitingSince.get(id) ?? 0)),
      );
    }
  }

  /** Whether a value may be served as live without asking a vendor. */
  isCurrent(state: QuoteState): boolean {
    return this.supervisor.carriersOf(state.instrument.id).length > 0 && this.judge(state) === 'live';
  }

  /** No value is no price that could look live, but after a while somebody should be told. */
  private judgeMissing(id: InstrumentId): QuoteStatus {
    const since = this.waitingSince.get(id) ?? this.clock.now();
    this.waitingSince.set(id, since);
    return this.clock.now() - since > this.options.staleAfterMs ? 'stale' : 'live';
  }

  private judge(state: QuoteState): QuoteStatus {
    const { id, exchange } = state.instrument;
    if (this.supervisor.streams(id) !== undefined) return 'live';
    const age = this.clock.now() - state.confirmedAt;
    const isStreamed = this.supervisor.carriersOf(id).every((carrier) => 'want' in carrier);
    if (!isStreamed && age <= this.options.liveForMs) return 'live';
    if (this.options.followsMarketHours && !isMarketOpen(exchange, this.clock.now())) return 'closed';
    return age > this.options.staleAfterMs ? 'stale' : 'delayed';
  }
}
