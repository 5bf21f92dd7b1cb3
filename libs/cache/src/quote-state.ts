import {
  type Book,
  changeOf,
  changePercentOf,
  type Delta,
  type EpochMs,
  F,
  type Instrument,
  type Quote,
  QUOTE_FIELD_COUNT,
  QUOTE_FIELDS,
  quoteOf,
  type QuoteValues,
  SOURCE_BIT,
  type Tick,
  unknownValues,
  utcOffsetMs,
  type VendorId,
} from '#domain';

const DAY_MS = 86_400_000;
/** So long ago that no patience with a single bad tick applies. */
const LONG_AGO: EpochMs = 1;
const ORDER_SLOTS = [F.bid, F.ask, F.bidSize, F.askSize, F.lastSize];
const DAY_SLOTS = [F.open, F.high, F.low, F.averagePrice, F.volume];

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
  isWhole = true;

  /** Vendor whose ticks are merged while it speaks; empty for any. */
  owner: VendorId = '';
  /** Ticks merged since start. */
  merged = 0;
  /** When a vendor last said or confirmed the value; 0 before the first tick. */
  confirmedAt = 0;
  /** Whether its vendor says that trading is suspended. */
  halted = false;
  /** When a vendor last said the price itself. */
  pricedAt = 0;
  /** Since when the value is in doubt: validation refused a tick, or nobody has confirmed it since `doubt`; 0 when it is not. */
  refusedSince = 0;
  /** Event time of the newest accepted tick of the present source; 0 when it sent none. */
  eventTime = 0;
  /** Vendor of the volume: two vendors' counts are not comparable. */
  volumeSource: VendorId = '';
  /** Ticks in a row whose volume was below the one we have. */
  volumeDrops = 0;
  /** Limits of `limitsDay` as a vendor sent them; NaN when none did. */
  lowerCircuit = NaN;
  upperCircuit = NaN;
  /** Trading days of the newest volume, circuit limits and previous close: yesterday's say nothing about today. */
  volumeDay = 0;
  limitsDay = 0;
  closeDay = 0;
  /** Trading day of the newest event. */
  private eventDay = 0;

  /** Newest book with levels behind the best, and its vendor; undefined while none has sent any. */
  book: Book | undefined;
  bookSource: VendorId = '';

  private readonly current: QuoteValues = unknownValues();
  private currentSource: VendorId = '';
  private readonly scale: number;
  private readonly dayOffsetMs: number;

  constructor(
    readonly instrument: Instrument,
    readonly wireId: number,
  ) {
    this.scale = 10 ** instrument.decimals;
    this.dayOffsetMs = utcOffsetMs(instrument.exchange);
  }

  /** Vendor of the newest accepted tick, published or not. */
  get latestSource(): VendorId {
    return this.currentSource;
  }

  /** Days since 1970 by the clock of the instrument's exchange. */
  dayOf(at: EpochMs): number {
    return Math.floor((at + this.dayOffsetMs) / DAY_MS);
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

  /** Remembers that a tick was refused: until one is accepted the value may be out of date. */
  refused(at: EpochMs): void {
    if (this.refusedSince === 0) this.refusedSince = at;
  }

  /** Whether the value is not to be served as current until a vendor says it again. */
  get isDoubted(): boolean {
    return this.refusedSince === LONG_AGO;
  }

  /** Takes the value's word away until a vendor says it again. */
  doubt(): void {
    this.refusedSince = LONG_AGO;
  }

  /**
   * Takes a value kept from before, stale until a vendor confirms it. False when what is known is as new.
   * @param at when a vendor confirmed it
   */
  restore(quote: Quote, at: EpochMs, halted: boolean): boolean {
    if (at <= this.confirmedAt) return false;
    const eventTime = quote.timestamp === undefined ? NaN : Date.parse(quote.timestamp);
    QUOTE_FIELDS.forEach(({ name, kind }, slot) => {
      this.current[slot] =
        kind === 'time' ? eventTime : kind === 'flag' ? 1 : ((quote[name] as number | undefined) ?? NaN);
    });
    this.currentSource = quote.source;
    this.volumeSource = quote.source;
    this.volumeDay = this.dayOf(eventTime || at);
    this.confirmedAt = at;
    this.halted = halted;
    this.eventTime = eventTime || 0;
    this.eventDay = eventTime ? this.dayOf(eventTime) : 0;
    this.doubt();
    return true;
  }

  /**
   * Merges an accepted tick. True when a client would see a difference.
   * @param keepsVolume true to leave the volume as it is, whatever the tick says
   */
  apply(tick: Tick, keepsVolume = false): boolean {
    this.merged++;
    this.confirmedAt = tick.receivedAt;
    this.refusedSince = 0;
    // another vendor that does not know of halts does not end one by its silence, but by its trades
    if (tick.halted !== undefined) this.halted = tick.halted;
    else if (tick.vendor !== this.currentSource) this.halted = false;
    const { eventTime } = tick;
    if (eventTime !== undefined && (eventTime > this.eventTime || tick.vendor !== this.currentSource))
      this.eventTime = eventTime;
    this.applyLimits(tick);
    this.forgetOthers(tick);

    if ((tick.price as number) > 0) this.pricedAt = tick.receivedAt;
    let moved = this.set(F.price, tick.price);
    // vendors send 0 where they know none
    if ((tick.previousClose as number) > 0) {
      this.closeDay = this.dayOf(tick.receivedAt);
      if (this.set(F.previousClose, tick.previousClose)) moved = true;
    }
    if (moved) this.deriveChange();
    if (tick.volume !== undefined && !keepsVolume) {
      this.volumeSource = tick.vendor;
      this.volumeDrops = 0;
      // a count that is told this morning may still be of yesterday's trades
      this.volumeDay = this.dayOf(eventTime ?? tick.receivedAt);
      if (this.set(F.volume, tick.volume)) moved = true;
    }
    if (this.set(F.bid, tick.bid)) moved = true;
    if (this.set(F.ask, tick.ask)) moved = true;
    if (this.set(F.bidSize, tick.bidSize)) moved = true;
    if (this.set(F.askSize, tick.askSize)) moved = true;
    if (this.set(F.lastSize, tick.lastSize)) moved = true;
    if (this.setPrice(F.averagePrice, tick.averagePrice)) moved = true;
    if (this.setPrice(F.open, tick.open)) moved = true;
    if (this.setPrice(F.high, tick.high)) moved = true;
    if (this.setPrice(F.low, tick.low)) moved = true;
    if (this.set(F.openInterest, tick.openInterest)) moved = true;
    if (this.set(F.timestamp, tick.eventTime)) moved = true;
    if (this.set(F.stale, 0)) moved = true;
    if (tick.book !== undefined) this.takeBook(tick.book, tick.vendor);
    if (this.currentSource !== tick.vendor) {
      this.currentSource = tick.vendor;
      moved = true;
    }
    return moved;
  }

  /** Takes a book with levels behind the best. */
  takeBook(book: Book, vendor: VendorId): void {
    this.book = book;
    this.bookSource = vendor;
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
    this.isWhole = this.sequence === 1;
    return true;
  }

  /**
   * Takes the position another process has published in this epoch, as it is.
   * @param values copied
   * @param changed fields that differ from the sequence before
   */
  adopt(sequence: number, changed: number, source: VendorId, values: QuoteValues): void {
    this.isWhole = sequence === 1 || sequence !== this.sequence + 1;
    const adopted = this.previous;
    adopted.set(values);
    this.current.set(values);
    this.previous = this.values;
    this.values = adopted;
    this.currentSource = source;
    this.source = source;
    this.changed = changed;
    this.sequence = sequence;
    this.refusedSince = 0;
  }

  /**
   * Takes over what the process that published the adopted value knew of it, so that ticks of one's own can go on from there.
   * @param confirmedAt when a vendor last said or confirmed it
   */
  inherit(confirmedAt: EpochMs, halted: boolean): void {
    const told = this.current[F.timestamp] as number;
    const eventTime = told > 0 ? told : 0;
    const day = this.dayOf(eventTime === 0 ? confirmedAt : eventTime);
    this.confirmedAt = confirmedAt;
    this.pricedAt = confirmedAt;
    this.halted = halted;
    this.refusedSince = 0;
    this.eventTime = eventTime;
    this.eventDay = eventTime === 0 ? 0 : day;
    this.volumeSource = this.currentSource;
    this.volumeDay = day;
    this.volumeDrops = 0;
    this.closeDay = day;
  }

  /** Forgets the value, as if no vendor had ever said one; what was published stays published until `restart`. */
  forget(): void {
    this.current.fill(NaN);
    this.currentSource = '';
    this.confirmedAt = 0;
    this.halted = false;
    this.pricedAt = 0;
    this.refusedSince = 0;
    this.eventTime = 0;
    this.eventDay = 0;
    this.volumeSource = '';
    this.volumeDrops = 0;
    this.volumeDay = 0;
    this.limitsDay = 0;
    this.closeDay = 0;
    this.lowerCircuit = NaN;
    this.upperCircuit = NaN;
    this.book = undefined;
    this.bookSource = '';
  }

  /** Forgets the position, not the value. */
  restart(): void {
    this.sequence = 0;
    this.source = '';
    this.values.fill(NaN);
  }

  /** Orders of another vendor's moment, and values of another day, must not stand beside this tick's price. */
  private forgetOthers({ vendor, eventTime }: Tick): void {
    if (vendor !== this.currentSource) for (const slot of ORDER_SLOTS) this.current[slot] = NaN;
    if (eventTime === undefined) return;
    const day = this.dayOf(eventTime);
    if (day <= this.eventDay) return;
    this.eventDay = day;
    for (const slot of DAY_SLOTS) this.current[slot] = NaN;
  }

  private applyLimits(tick: Tick): void {
    const { lowerCircuit, upperCircuit } = tick;
    if (lowerCircuit === undefined && upperCircuit === undefined) return;
    const day = this.dayOf(tick.receivedAt);
    if (day !== this.limitsDay) {
      this.limitsDay = day;
      this.lowerCircuit = NaN;
      this.upperCircuit = NaN;
    }
    if ((lowerCircuit as number) > 0) this.lowerCircuit = lowerCircuit as number;
    if ((upperCircuit as number) > 0) this.upperCircuit = upperCircuit as number;
  }

  /** A price of the day that is not above 0 is a vendor's way to say that there is none yet. */
  private setPrice(slot: number, price: number | undefined): boolean {
    return this.set(slot, price === undefined || price > 0 ? price : NaN);
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
