import {
  changeOf,
  changePercentOf,
  type Delta,
  F,
  type Instrument,
  type Quote,
  QUOTE_FIELD_COUNT,
  quoteOf,
  type QuoteValues,
  SOURCE_BIT,
  type Tick,
  unknownValues,
  type VendorId,
} from '#domain';

/**
 * Everything the tick path keeps of one instrument: the merged value now, and the value at the last two published positions.
 * It is its own `Delta`, so that publishing allocates nothing.
 */
export class QuoteState implements Delta {
  sequence = 0;
  changed = 0;
  values: QuoteValues = unknownValues();
  previous: QuoteValues = unknownValues();
  source: VendorId = '';

  /** When a vendor last said or confirmed the value; 0 before the first tick. */
  confirmedAt = 0;
  /** Event time of the newest accepted tick; 0 when no vendor sent one. */
  eventTime = 0;
  /** Vendor of the volume: two vendors' counts are not comparable. */
  volumeSource: VendorId = '';
  /** Limits of the day as a vendor sent them; NaN when none did. */
  lowerCircuit = NaN;
  upperCircuit = NaN;

  private readonly current: QuoteValues = unknownValues();
  private currentSource: VendorId = '';
  private readonly scale: number;

  constructor(
    readonly instrument: Instrument,
    readonly wireId: number,
  ) {
    this.scale = 10 ** instrument.decimals;
  }

  /** Whether any tick has been applied. */
  get known(): boolean {
    return this.confirmedAt !== 0;
  }

  /** A field's newest value, published or not; NaN when not known. */
  latest(slot: number): number {
    return this.current[slot] as number;
  }

  /** The newest value as an object, published or not. */
  quote(): Quote {
    return quoteOf(this.instrument, this.current, this.currentSource);
  }

  /** Merges an accepted tick. True when a client would see a difference. */
  apply(tick: Tick): boolean {
    this.confirmedAt = tick.receivedAt;
    if (tick.eventTime !== undefined && tick.eventTime > this.eventTime) this.eventTime = tick.eventTime;
    if (tick.lowerCircuit !== undefined) this.lowerCircuit = tick.lowerCircuit;
    if (tick.upperCircuit !== undefined) this.upperCircuit = tick.upperCircuit;

    let moved = this.set(F.price, tick.price);
    if (this.set(F.previousClose, tick.previousClose)) moved = true;
    if (moved) this.deriveChange();
    if (this.set(F.volume, tick.volume)) {
      this.volumeSource = tick.vendor;
      moved = true;
    }
    if (this.set(F.bid, tick.bid)) moved = true;
    if (this.set(F.ask, tick.ask)) moved = true;
    if (this.set(F.bidSize, tick.bidSize)) moved = true;
    if (this.set(F.askSize, tick.askSize)) moved = true;
    if (this.set(F.lastSize, tick.lastSize)) moved = true;
    if (this.set(F.averagePrice, tick.averagePrice)) moved = true;
    if (this.set(F.open, tick.open)) moved = true;
    if (this.set(F.high, tick.high)) moved = true;
    if (this.set(F.low, tick.low)) moved = true;
    if (this.set(F.openInterest, tick.openInterest)) moved = true;
    if (this.set(F.timestamp, tick.eventTime)) moved = true;
    if (this.set(F.stale, 0)) moved = true;
    if (this.currentSource !== tick.vendor) {
      this.currentSource = tick.vendor;
      moved = true;
    }
    return moved;
  }

  /** Marks the value as no longer confirmed, or confirmed again. True when that is news. */
  markStale(stale: boolean): boolean {
    return this.known && this.set(F.stale, stale ? 1 : 0);
  }

  /** Moves the published position to the newest value. False when nothing differs from what was last published. */
  advance(): boolean {
    const { current, values } = this;
    let changed = this.source === this.currentSource ? 0 : SOURCE_BIT;
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      const now = current[slot] as number;
      const before = values[slot] as number;
      // NaN differs from itself: unknown before and now is no change
      if (now !== before && (now === now || before === before)) changed |= 1 << slot;
    }
    if (changed === 0) return false;
    const published = this.previous;
    published.set(current);
    this.previous = values;
    this.values = published;
    this.source = this.currentSource;
    this.changed = changed;
    this.sequence++;
    return true;
  }

  private set(slot: number, value: number | undefined): boolean {
    if (value === undefined) return false;
    const before = this.current[slot] as number;
    if (value === before || (value !== value && before !== before)) return false;
    this.current[slot] = value;
    return true;
  }

  private deriveChange(): void {
    const price = this.current[F.price] as number;
    const close = this.current[F.previousClose] as number;
    const change = changeOf(price, close, this.scale);
    this.current[F.change] = change;
    this.current[F.changePercent] = changePercentOf(change, close);
  }
}
