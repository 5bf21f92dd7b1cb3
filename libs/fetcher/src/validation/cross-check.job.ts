import type { LastValueStore, QuoteState } from '#cache';
import {
  type Clock,
  type Counter,
  type EpochMs,
  F,
  type Instrument,
  type InstrumentId,
  type Meter,
  type SnapshotSource,
  type Tick,
} from '#domain';
import { type Carrier, isAble, isFeed } from '../distribution.js';
import type { QuotePipeline } from '../quote-pipeline.js';
import { type CheckLimits, checkTick } from './check-tick.js';
import { crossCheck, type CrossVerdict, isAgreement, type Sighting } from './cross-check.js';
import type { Rejections } from './rejections.js';
import type { ValidationPolicy, ValidationTier } from './validation-policy.js';
import type { Watches } from './watches.js';

/** Time between two comparisons of an instrument of each tier, ms. */
const EVERY_MS: Readonly<Record<ValidationTier, number>> = { critical: 30_000, high: 120_000, normal: Infinity };
/** An instrument whose price has jumped is compared as soon as the budget allows, but not all the time, ms. */
const JUMP_EVERY_MS = 1000;
/** An instrument whose price was corrected is compared again after this time, ms. */
const DOUBT_EVERY_MS = 5000;
/** A correction ends by itself when the second vendor can no longer be asked, ms. */
const DOUBT_LASTS_MS = 60_000;
/** An agreement says nothing about the price of an hour later, ms. */
const AGREED_FOR_MS = 900_000;
/** A source rests so many times as long as its last answer took: one that waits for its rate limit is left to its main work. */
const REST = 9;

export interface CrossCheckOptions {
  readonly limits: CheckLimits;
  /** Comparisons a minute over all instruments; 0 for none. */
  readonly perMinute: number;
  /** Whether the exchange of an instrument is trading: prices of a closed one are not worth a call. */
  readonly isTrading: (instrument: Instrument) => boolean;
}

/** Who can be asked about an instrument. */
interface Vendors {
  carriersOf(id: InstrumentId): readonly Carrier[];
  candidates(instrument: Instrument): Iterable<Carrier>;
}

/** Second tier, off the tick path: compares one instrument at a time with what a second vendor says, within a budget. */
export class CrossCheckJob {
  private readonly comparedAt = new Map<InstrumentId, EpochMs>();
  /** Last price two vendors agreed on. */
  private readonly agreed = new Map<InstrumentId, { readonly price: number; readonly at: EpochMs }>();
  private readonly restsUntil = new Map<SnapshotSource, EpochMs>();
  private readonly counters: Readonly<Record<CrossVerdict, Counter>>;
  private isAsking = false;

  constructor(
    private readonly lastValues: LastValueStore,
    private readonly vendors: Vendors,
    private readonly pipeline: QuotePipeline,
    private readonly watches: Watches,
    private readonly policy: ValidationPolicy,
    private readonly rejections: Rejections,
    private readonly clock: Clock,
    meter: Meter,
    private readonly options: CrossCheckOptions,
  ) {
    const counter = (outcome: CrossVerdict): Counter =>
      meter.counter('cross_checks_total', "Prices compared with a second vendor's, by whose was right", { outcome });
    this.counters = {
      agree: counter('agree'),
      incomparable: counter('incomparable'),
      ours: counter('ours'),
      second: counter('second'),
    };
  }

  /** Time between two runs, ms; undefined when nothing is to be compared. */
  get everyMs(): number | undefined {
    return this.options.perMinute === 0 ? undefined : 60_000 / this.options.perMinute;
  }

  /** Compares the instrument that is most overdue. Resolves when that is done; a run while another lasts does nothing. */
  async run(): Promise<void> {
    if (this.isAsking) return;
    const found = this.mostOverdue();
    if (found === undefined) return;
    this.isAsking = true;
    const { state, source } = found;
    const before = state.latest(F.price);
    const watch = this.watches.get(state.instrument.id);
    // a jump while the answer is on its way wants a comparison of its own
    if (watch !== undefined) watch.hasJumped = false;
    const asked = this.clock.now();
    const { ticks } = await source.fetch([state.instrument]).finally(() => {
      this.isAsking = false;
    });
    const now = this.clock.now();
    this.comparedAt.set(state.instrument.id, now);
    this.restsUntil.set(source, now + REST * (now - asked));
    const second = ticks.find(({ instrument }) => instrument === state.instrument.id);
    if (second?.price !== undefined) this.compare(state, { ...second, price: second.price }, before);
  }

  private mostOverdue(): { state: QuoteState; source: SnapshotSource } | undefined {
    const now = this.clock.now();
    const due: { state: QuoteState; overdue: number }[] = [];
    for (const state of this.lastValues.known()) {
      const { instrument } = state;
      const everyMs = this.everyMsOf(state);
      if (everyMs === Infinity || this.vendors.carriersOf(instrument.id).length === 0) continue;
      if (Number.isNaN(state.latest(F.price)) || !this.options.isTrading(instrument)) continue;
      const overdue = (now - (this.comparedAt.get(instrument.id) ?? 0)) / everyMs;
      if (overdue >= 1) due.push({ state, overdue });
    }
    due.sort((a, b) => b.overdue - a.overdue);
    for (const { state } of due) {
      const source = this.secondSource(state, now);
      if (source !== undefined) return { state, source };
    }
    return undefined;
  }

  private everyMsOf(state: QuoteState): number {
    const watch = this.watches.get(state.instrument.id);
    if (watch?.doubt !== undefined) return DOUBT_EVERY_MS;
    if (watch !== undefined && (watch.hasJumped || watch.suspects.length > 0)) return JUMP_EVERY_MS;
    return EVERY_MS[this.policy.of(state)];
  }

  /** Another vendor that can be asked now. A stream cannot: it would have to be subscribed for one price. */
  private secondSource(state: QuoteState, now: EpochMs): SnapshotSource | undefined {
    const first = this.vendorOf(state);
    for (const carrier of this.vendors.candidates(state.instrument)) {
      if (isFeed(carrier) || carrier.vendor === first || !isAble(carrier.status())) continue;
      if (now >= (this.restsUntil.get(carrier) ?? 0)) return carrier;
    }
    return undefined;
  }

  /** Whose price is compared: while it is in doubt, that of the vendor in doubt. */
  private vendorOf(state: QuoteState): string {
    return this.watches.get(state.instrument.id)?.doubt?.vendor ?? state.latestSource;
  }

  private compare(state: QuoteState, second: Tick & { readonly price: number }, before: number): void {
    const { id } = state.instrument;
    const reason = checkTick(second, state, this.options.limits);
    // a second vendor may well be a little behind: how far is looked at below
    if (reason !== undefined && reason !== 'late') return this.rejections.count(second, reason);
    const watch = this.watches.get(id);
    if (watch !== undefined && watch.suspects.length > 0) return this.pipeline.witness(second);

    const vendor = this.vendorOf(state);
    if (vendor === second.vendor) return;
    const ours = this.sightingOf(state, second.price, before);
    const sighted: Sighting = { price: second.price, eventTime: second.eventTime, step: second.eventTimeStep };
    const reference = watch?.doubt?.served ?? this.agreedPrice(id) ?? state.latest(F.previousClose);
    const verdict = crossCheck(ours, sighted, reference);
    this.counters[verdict].add();
    if (verdict === 'agree') {
      this.agreed.set(id, { price: second.price, at: this.clock.now() });
      if (watch?.doubt === undefined) return;
      // the price that was doubted is right now, and nobody need wait for its vendor to say it again
      watch.doubt = undefined;
      this.pipeline.correct(second);
    } else if (verdict === 'ours') {
      this.rejections.count(second, 'cross-source');
      if (watch !== undefined) watch.doubt = undefined;
    } else if (verdict === 'second') this.correct(state, vendor, ours, second);
  }

  private agreedPrice(id: InstrumentId): number | undefined {
    const agreed = this.agreed.get(id);
    return agreed !== undefined && this.clock.now() - agreed.at <= AGREED_FOR_MS ? agreed.price : undefined;
  }

  private correct(state: QuoteState, vendor: string, ours: Sighting, second: Tick & { readonly price: number }): void {
    const { id } = state.instrument;
    this.rejections.corrected({
      instrument: id,
      vendor,
      price: ours.price,
      source: second.vendor,
      served: second.price,
    });
    this.watches.watch(state).doubt = {
      vendor,
      price: ours.price,
      eventTime: ours.eventTime,
      served: second.price,
      until: this.clock.now() + DOUBT_LASTS_MS,
    };
    this.pipeline.correct(second);
  }

  /** Our price: now, or when the second was asked if that is nearer, since the market may have moved between the two. */
  private sightingOf(state: QuoteState, second: number, before: number): Sighting {
    const doubt = this.watches.get(state.instrument.id)?.doubt;
    if (doubt !== undefined) return { price: doubt.price, eventTime: doubt.eventTime, step: undefined };
    const now = state.latest(F.price);
    const price = isAgreement(before, second) ? before : now;
    return { price, eventTime: state.eventTime === 0 ? undefined : state.eventTime, step: undefined };
  }
}
