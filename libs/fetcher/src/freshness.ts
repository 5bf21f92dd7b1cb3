import type { QuoteState } from '#cache';
import type { Clock, EpochMs, InstrumentId } from '#domain';
import type { QuoteStatus } from '#protocol';
import { isFeed } from './distribution.js';
import type { Elsewhere } from './elsewhere.js';
import type { FeedSupervisor } from './feed-supervisor.js';
import type { Pauses } from './pauses.js';

export interface FreshnessOptions {
  /** Age from which a quote that nobody confirms is stale, ms; before that it is delayed. */
  readonly staleAfterMs: number;
  /** Age up to which a quote that must be asked for counts as live, ms: a few refresh intervals. */
  readonly liveForMs: number;
  /** Whether an exchange trades now: outside its hours quotes stand still, and are `closed` rather than stale. */
  isTrading(exchange: string): boolean;
}

/** A single bad tick among good ones is no reason to doubt the value; nothing but bad ones for longer is. */
const REFUSED_FOR_MS = 2000;

/** Where a change of freshness is announced. */
export type FreshnessListener = (state: QuoteState, status: QuoteStatus, age: number) => void;

/** Never a frozen price that looks live: watches how long ago each wanted quote was confirmed, and says so when that is too long. */
export class Freshness {
  private readonly status = new Map<InstrumentId, QuoteStatus>();
  /** Since when an instrument is wanted that has never had a value. */
  private readonly waitingSince = new Map<InstrumentId, EpochMs>();
  private source: Elsewhere | undefined;
  private changed: FreshnessListener = () => undefined;

  constructor(
    private readonly supervisor: FeedSupervisor,
    private readonly clock: Clock,
    private readonly options: FreshnessOptions,
    private readonly announce: FreshnessListener,
    private readonly pauses?: Pauses,
  ) {}

  /** Called with each change, after it has been announced. */
  onChange(listener: FreshnessListener): void {
    this.changed = listener;
  }

  /** Believes another node of the fleet, while that one brings the prices in. */
  believe(elsewhere: Elsewhere): void {
    this.source = elsewhere;
  }

  /** The other node; undefined while this one brings prices in itself. */
  get elsewhere(): Elsewhere | undefined {
    return this.source?.isUsed === true ? this.source : undefined;
  }

  /** How fresh an instrument was when it was last looked at. */
  of(id: InstrumentId): QuoteStatus {
    return this.status.get(id) ?? 'live';
  }

  /** How long ago a value was confirmed, or since when its first one is awaited, ms. */
  ageOf({ known, confirmedAt, instrument }: QuoteState): number {
    const now = this.clock.now();
    return now - (known ? confirmedAt : (this.waitingSince.get(instrument.id) ?? now));
  }

  /** Looks at every quote, also those that have had no value yet. `moved` is called for those whose staleness changed, so that clients get it with the quote. */
  check(states: Iterable<QuoteState>, moved: (state: QuoteState) => void): void {
    for (const state of states) {
      const { id } = state.instrument;
      // what nobody wants need not come, but a value that was left behind must not look live to whoever wants it next
      if (!state.known && !this.isAwaited(id)) {
        // whoever wants it next begins to wait then
        if (this.waitingSince.delete(id)) this.status.delete(id);
        continue;
      }
      const now = state.known ? this.judge(state) : this.judgeMissing(id);
      if (state.markStale(now === 'delayed' || now === 'stale')) moved(state);
      if (now === this.of(id)) continue;
      this.status.set(id, now);
      const age = this.ageOf(state);
      this.announce(state, now, age);
      this.changed(state, now, age);
    }
  }

  /** Whether a value may be served as live without asking a vendor. */
  isCurrent(state: QuoteState): boolean {
    return this.isAwaited(state.instrument.id) && isConfirmed(this.judge(state));
  }

  /** How fresh a value is now. */
  now(state: QuoteState): QuoteStatus {
    return this.judge(state);
  }

  /** No value is no price that could look live, but after a while somebody should be told. */
  private judgeMissing(id: InstrumentId): QuoteStatus {
    const since = this.waitingSince.get(id) ?? this.clock.now();
    this.waitingSince.set(id, since);
    return this.clock.now() - since > this.options.staleAfterMs ? 'stale' : 'live';
  }

  private isAwaited(id: InstrumentId): boolean {
    return this.elsewhere?.wants(id) ?? this.supervisor.carriersOf(id).length > 0;
  }

  /** Nobody here can confirm anything: it is as fresh as we are told, and while we are told nothing it grows old. */
  private judgeFrom(elsewhere: Elsewhere, { instrument, confirmedAt, isDoubted }: QuoteState): QuoteStatus {
    const told = elsewhere.statusOf(instrument.id);
    // what was forgotten here waits for the owner's next word of it
    if (told !== undefined && !isDoubted) return told;
    if (!isDoubted && !this.options.isTrading(instrument.exchange)) return 'closed';
    const since = elsewhere.wants(instrument.id)
      ? Math.max(confirmedAt, elsewhere.vouchedAt(instrument.id))
      : confirmedAt;
    return this.clock.now() - since > this.options.staleAfterMs ? 'stale' : 'delayed';
  }

  private judge(state: QuoteState): QuoteStatus {
    const { elsewhere } = this;
    if (elsewhere !== undefined) return this.judgeFrom(elsewhere, state);

    const { id, exchange } = state.instrument;
    const { staleAfterMs, liveForMs } = this.options;
    const now = this.clock.now();
    const age = now - state.confirmedAt;
    // also outside trading hours: it is not the last price of the day, only the last we let in, or have kept from before
    if (state.isDoubted || this.pauses?.doubts(id, state.confirmedAt) === true)
      return age > staleAfterMs ? 'stale' : 'delayed';
    const isRefused = state.refusedSince !== 0 && now - state.refusedSince > REFUSED_FOR_MS;
    if (!isRefused && !this.supervisor.isDelayed(state.latestSource)) {
      const confirmed = state.halted ? 'halted' : 'live';
      if (this.supervisor.isStreamed(state)) return confirmed;
      const carriers = this.supervisor.carriersOf(id);
      // where only a stream brings it, and that stream has not, a young value is not confirmed by its youth
      const isAwaited = carriers.length > 0 && carriers.every(isFeed);
      if (!isAwaited && age <= liveForMs) return confirmed;
    }
    if (!this.options.isTrading(exchange)) return 'closed';
    return age > staleAfterMs ? 'stale' : 'delayed';
  }
}

/** A halted instrument has no newer price than the one we have. */
function isConfirmed(status: QuoteStatus): boolean {
  return status === 'live' || status === 'halted';
}
