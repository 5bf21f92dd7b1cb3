import type { Clock, Counter, EpochMs, InstrumentId, Meter, RejectReason, Tick, VendorId } from '#domain';
import { Accuracy } from './accuracy.js';

/** One refused tick, or a tick of which a part was refused, kept for inspection. */
export interface Rejection {
  readonly at: EpochMs;
  readonly vendor: VendorId;
  readonly reason: RejectReason | 'malformed';
  readonly instrument: InstrumentId | undefined;
  readonly price: number | undefined;
  /** Of a malformed frame: its beginning. */
  readonly sample: string | undefined;
}

/** A price that another vendor's was served instead of. */
export interface Correction {
  readonly at: EpochMs;
  readonly instrument: InstrumentId;
  /** Whose price was not served, and that price. */
  readonly vendor: VendorId;
  readonly price: number;
  /** Whose price was served, and that price. */
  readonly source: VendorId;
  readonly served: number;
}

const KEPT = 200;
const REJECTED = 'ticks_rejected_total';
const REJECTED_HELP = 'Ticks and frames refused by validation';

/** Nothing is dropped silently: counts what was refused or corrected, and keeps the newest for inspection. */
export class Rejections {
  private readonly counters = new Map<string, Counter>();
  private readonly newest: Rejection[] = [];
  private readonly newestCorrections: Correction[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly meter: Meter,
    private readonly accuracy: Accuracy = new Accuracy(clock),
  ) {}

  count(tick: Tick, reason: RejectReason): void {
    this.accuracy.refused(tick, reason);
    this.keep({
      at: this.clock.now(),
      vendor: tick.vendor,
      reason,
      instrument: tick.instrument,
      price: tick.price,
      sample: undefined,
    });
  }

  /** Counts a tick of a paused instrument: nothing is wrong with it, so it says nothing about accuracy. */
  held({ vendor }: Tick): void {
    this.counter(REJECTED, REJECTED_HELP, { vendor, reason: 'paused' satisfies RejectReason }).add();
  }

  malformed(vendor: VendorId, sample: string): void {
    this.accuracy.malformed(vendor);
    this.keep({ at: this.clock.now(), vendor, reason: 'malformed', instrument: undefined, price: undefined, sample });
  }

  corrected(correction: Omit<Correction, 'at'>): void {
    this.accuracy.refused(correction, 'cross-source');
    this.counter('ticks_corrected_total', "Prices replaced by a second vendor's", { vendor: correction.vendor }).add();
    push(this.newestCorrections, { at: this.clock.now(), ...correction });
  }

  /** Newest first. */
  recent(limit: number): Rejection[] {
    return this.newest.slice(-limit).toReversed();
  }

  /** Newest first. */
  recentCorrections(limit: number): Correction[] {
    return this.newestCorrections.slice(-limit).toReversed();
  }

  private keep(rejection: Rejection): void {
    const { vendor, reason } = rejection;
    this.counter(REJECTED, REJECTED_HELP, { vendor, reason }).add();
    push(this.newest, rejection);
  }

  private counter(name: string, help: string, labels: Readonly<Record<string, string>>): Counter {
    const key = `${name} ${Object.values(labels).join(' ')}`;
    let counter = this.counters.get(key);
    if (counter === undefined) {
      counter = this.meter.counter(name, help, labels);
      this.counters.set(key, counter);
    }
    return counter;
  }
}

function push<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > 2 * KEPT) list.splice(0, KEPT);
}
