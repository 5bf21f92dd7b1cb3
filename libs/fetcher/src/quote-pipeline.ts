import type { LastValueStore, QuoteState } from '#cache';
import type { Counter, FeedSink, Meter, RejectReason, Tick, VendorId } from '#domain';
import type { Arrivals } from './arrivals.js';
import { type CheckLimits, checkTick, isVolumeBack } from './validation/check-tick.js';
import type { Rejections } from './validation/rejections.js';

/** Where the pipeline puts an instrument whose value moved. */
export interface MovedSink {
  mark(state: QuoteState): void;
}

/** Takes ticks as far as the open conflation window. Synchronous, so ticks never overtake one another. */
export class QuotePipeline implements Pick<FeedSink, 'tick' | 'malformed'> {
  private readonly accepted = new Map<VendorId, Counter>();

  constructor(
    private readonly lastValues: LastValueStore,
    private readonly moved: MovedSink,
    private readonly rejections: Rejections,
    private readonly arrivals: Arrivals,
    private readonly limits: CheckLimits,
    private readonly meter: Meter,
  ) {}

  /** @returns why the tick was refused, or undefined when it was merged */
  tick(tick: Tick): RejectReason | undefined {
    const state = this.lastValues.peek(tick.instrument);
    if (state === undefined) return this.refuse(tick, 'unknown-instrument');
    const reason = checkTick(tick, state, this.limits);
    if (reason !== undefined) {
      // a tick older than the value says nothing against the value
      if (reason !== 'late') state.refused(tick.receivedAt);
      return this.refuse(tick, reason);
    }
    this.acceptedBy(tick.vendor).add();
    const keepsVolume = isVolumeBack(tick, state);
    if (keepsVolume) this.rejections.count(tick, 'volume');
    if (state.apply(tick, keepsVolume)) this.moved.mark(state);
    if (this.arrivals.awaited) this.arrivals.arrived(tick.instrument);
    return undefined;
  }

  malformed(vendor: VendorId, _reason: string, sample: string): void {
    this.rejections.malformed(vendor, sample);
  }

  private refuse(tick: Tick, reason: RejectReason): RejectReason {
    this.rejections.count(tick, reason);
    return reason;
  }

  private acceptedBy(vendor: VendorId): Counter {
    let counter = this.accepted.get(vendor);
    if (counter === undefined) {
      counter = this.meter.counter('ticks_total', 'Ticks accepted from vendors', { vendor });
      this.accepted.set(vendor, counter);
    }
    return counter;
  }
}
