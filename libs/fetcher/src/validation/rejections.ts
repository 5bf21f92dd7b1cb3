import type { Clock, Counter, EpochMs, InstrumentId, Meter, RejectReason, Tick, VendorId } from '#domain';

/** One refused tick, kept for inspection. */
export interface Rejection {
  readonly at: EpochMs;
  readonly vendor: VendorId;
  readonly reason: RejectReason | 'malformed';
  readonly instrument: InstrumentId | undefined;
  readonly price: number | undefined;
  /** Of a malformed frame: its beginning. */
  readonly sample: string | undefined;
}

const KEPT = 200;

/** Nothing is dropped silently: counts what was refused by vendor and reason, and keeps the newest for inspection. */
export class Rejections {
  private readonly counters = new Map<string, Counter>();
  private readonly newest: Rejection[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  count(tick: Tick, reason: RejectReason): void {
    this.keep({
      at: this.clock.now(),
      vendor: tick.vendor,
      reason,
      instrument: tick.instrument,
      price: tick.price,
      sample: undefined,
    });
  }

  malformed(vendor: VendorId, sample: string): void {
    this.keep({ at: this.clock.now(), vendor, reason: 'malformed', instrument: undefined, price: undefined, sample });
  }

  /** Newest first. */
  recent(limit: number): Rejection[] {
    return this.newest.slice(-limit).toReversed();
  }

  private keep(rejection: Rejection): void {
    const { vendor, reason } = rejection;
    const key = `${vendor} ${reason}`;
    let counter = this.counters.get(key);
    if (counter === undefined) {
      counter = this.meter.counter('ticks_rejected_total', 'Ticks and frames refused by validation', {
        vendor,
        reason,
      });
      this.counters.set(key, counter);
    }
    counter.add();
    this.newest.push(rejection);
    if (this.newest.length > 2 * KEPT) this.newest.splice(0, KEPT);
  }
}
