import type { LastValueStore, QuoteState } from '#cache';
import type { Counter, FeedSink, InstrumentId, Meter, RejectReason, Tick, VendorId } from '#domain';
import type { Arrivals } from './arrivals.js';
import type { Pauses } from './pauses.js';
import { type CheckLimits, checkTick, isStandby, isVolumeBack } from './validation/check-tick.js';
import { DeepTier } from './validation/deep-tier.js';
import type { Rejections } from './validation/rejections.js';
import { type Watch, Watches } from './validation/watches.js';

/** Where the pipeline puts an instrument whose value moved. */
export interface MovedSink {
  mark(state: QuoteState): void;
}

/** Someone who needs every tick of an instrument, not only what its value comes to in a window. */
export interface TickFollower {
  /** A tick that was merged. @param volume its count of the day, if that is believed. True when there is something to publish */
  accepted(tick: Tick, volume: number | undefined): boolean;
  /** A tick that was refused for being older than the value, and is good otherwise. True when there is something to publish. */
  late(tick: Tick): boolean;
}

/** Those who need each tick of an instrument, as they are at the time. */
export type Followers = Pick<ReadonlyMap<InstrumentId, TickFollower>, 'get' | 'size'>;

/** Someone who writes down what was merged. */
export interface TickRecorder {
  /** @param volume its count of the day, if that is believed */
  accepted(tick: Tick, volume: number | undefined, state: QuoteState): void;
  /** A tick that was refused for being older than the value, and is good otherwise. */
  late(tick: Tick, state: QuoteState): void;
}

/** A vendor that stays below the volume it once told has corrected itself: so many ticks in a row are believed. */
const BELIEVED_DROPS = 5;

/** Takes ticks as far as the open conflation window. Synchronous, so ticks never overtake one another. */
export class QuotePipeline implements Pick<FeedSink, 'tick' | 'malformed'> {
  private readonly accepted = new Map<VendorId, { readonly counter: Counter; merged: number }>();
  private followers: Followers = new Map();
  private recorder: TickRecorder | undefined;

  constructor(
    private readonly lastValues: LastValueStore,
    private readonly moved: MovedSink,
    private readonly rejections: Rejections,
    private readonly arrivals: Arrivals,
    private readonly limits: CheckLimits,
    private readonly meter: Meter,
    private readonly deep: DeepTier = new DeepTier(new Watches(rejections), rejections),
    private readonly pauses?: Pauses,
  ) {}

  /** @returns why the tick was refused or is held back; undefined when it was merged, or not needed because the instrument's owner speaks */
  tick(tick: Tick): RejectReason | undefined {
    const state = this.lastValues.peek(tick.instrument);
    if (state === undefined) return this.refuse(tick, 'unknown-instrument');
    if (this.isPaused(tick.instrument)) {
      this.rejections.held(tick);
      return 'paused';
    }
    const { watches } = this.deep;
    const watch = watches.size === 0 ? undefined : watches.get(tick.instrument);
    if (isStandby(tick, state)) {
      if (watch !== undefined && watch.suspects.length > 0) this.hear(tick, watch);
      return undefined;
    }
    const reason = checkTick(tick, state, this.limits);
    if (reason !== undefined) {
      // a tick older than the value says nothing against the value
      if (reason !== 'late') state.refused(tick.receivedAt);
      else {
        this.recorder?.late(tick, state);
        if (this.followers.get(tick.instrument)?.late(tick) === true) this.moved.mark(state);
      }
      return this.refuse(tick, reason);
    }
    if (watch !== undefined) return this.examine(tick, watch);
    this.merge(tick, state);
    return undefined;
  }

  /** Tells those in the map, as it is at the time, of every tick of their instrument. */
  follow(followers: Followers): void {
    this.followers = followers;
  }

  /** Tells one more of every tick of every instrument. */
  record(recorder: TickRecorder): void {
    this.recorder = recorder;
  }

  /** Lets a tick that is not to be merged confirm a jump which the deep tier holds back. */
  witness(tick: Tick): void {
    const watch = this.deep.watches.get(tick.instrument);
    if (watch !== undefined && !this.isPaused(tick.instrument)) this.hear(tick, watch);
  }

  /** Merges a second vendor's tick in place of a watched instrument's value that the comparison of both has found wrong. */
  correct(tick: Tick): void {
    const watch = this.deep.watches.get(tick.instrument);
    if (watch === undefined || this.isPaused(tick.instrument)) return;
    this.deep.settle(watch, tick);
    this.merge(tick, watch.state);
  }

  /** Ticks merged since start, by vendor. */
  *merged(): Iterable<readonly [VendorId, number]> {
    for (const [vendor, { merged }] of this.accepted) yield [vendor, merged];
  }

  private isPaused(id: InstrumentId): boolean {
    return this.pauses !== undefined && this.pauses.some && this.pauses.has(id);
  }

  private examine(tick: Tick, watch: Watch): RejectReason | undefined {
    const found = this.deep.examine(tick, watch);
    if (typeof found === 'string') return found;
    for (const good of found) this.merge(good, watch.state);
    return undefined;
  }

  private hear(tick: Tick, watch: Watch): void {
    for (const released of this.deep.witness(tick, watch)) this.merge(released, watch.state);
  }

  private merge(tick: Tick, state: QuoteState): void {
    const tally = this.acceptedBy(tick.vendor);
    tally.counter.add();
    tally.merged++;
    const keepsVolume = isVolumeBack(tick, state) && ++state.volumeDrops < BELIEVED_DROPS;
    if (keepsVolume) this.rejections.count(tick, 'volume');
    let isNews = state.apply(tick, keepsVolume);
    const volume = keepsVolume ? undefined : tick.volume;
    this.recorder?.accepted(tick, volume, state);
    if (this.followers.size > 0) {
      if (this.followers.get(tick.instrument)?.accepted(tick, volume) === true) isNews = true;
    }
    if (isNews) this.moved.mark(state);
    if (this.arrivals.awaited) this.arrivals.arrived(tick.instrument);
  }

  malformed(vendor: VendorId, _reason: string, sample: string): void {
    this.rejections.malformed(vendor, sample);
  }

  private refuse(tick: Tick, reason: RejectReason): RejectReason {
    this.rejections.count(tick, reason);
    return reason;
  }

  private acceptedBy(vendor: VendorId): { readonly counter: Counter; merged: number } {
    let tally = this.accepted.get(vendor);
    if (tally === undefined) {
      tally = { counter: this.meter.counter('ticks_total', 'Ticks accepted from vendors', { vendor }), merged: 0 };
      this.accepted.set(vendor, tally);
    }
    return tally;
  }
}
