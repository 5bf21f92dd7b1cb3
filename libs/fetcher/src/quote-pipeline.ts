import type { LastValueStore, QuoteState } from '#cache';
import type { Counter, FeedSink, Meter, Tick, VendorId } from '#domain';
import type { Arrivals } from './arrivals.js';
import { type CheckLimits, checkTick } from './validation/check-tick.js';
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

  tick(tick: Tick): void {
    const state = this.lastValues.peek(tick.instrument);
    if (state === undefined) return this.rejections.count(tick, 'unknown-instrument');
    const reason = checkTick(tick, state, this.limits);
    if (reason !== undefined) return this.rejections.count(tick, reason);
    this.acceptedBy(tick.vendor).add();
    if (state.apply(tick)) this.moved.mark(state);
    if (this.arrivals.awaited) this.arrivals.arrived(tick.instrument);
  }

  malformed(vendor: VendorId, _reason: string, sample: string): void {
    this.rejections.malformed(vendor, sample);
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
