import type { Candle, EpochMs } from '#domain';

/** One trade, or the trades that one tick tells of. */
export interface Trade {
  readonly at: EpochMs;
  readonly price: number;
  /** Traded by it; counts only where `total` is NaN. */
  readonly size: number;
  /** Everything traded since the first tick, this trade included; NaN where the vendor does not count. */
  readonly total: number;
}

interface Bar {
  readonly start: EpochMs;
  open: number;
  openAt: EpochMs;
  high: number;
  low: number;
  close: number;
  closeAt: EpochMs;
  /** Everything traded since the first tick and up to the last trade of this interval; the volume is the difference to the bar before. */
  total: number;
  final: boolean;
  corrected: boolean;
}

/** The candles of one interval, oldest first: at most `keep`, none for an interval without a trade. Trades may come in any order. */
export class CandleSeries {
  private readonly bars: Bar[] = [];
  private readonly changed = new Set<Bar>();
  /** Everything traded before the first bar. */
  private before = 0;
  /** End of what is no longer kept. */
  private forgottenUntil = -Infinity;
  /** Place of the first bar that is not final. */
  private firstOpen = 0;

  constructor(
    /** Length of the interval, ms. */
    private readonly step: number,
    private readonly keep: number,
  ) {}

  /**
   * Counts a trade. One that is told after a later trade corrects its candle, and the one behind, whose volume was too large.
   * False when it is none: older than what is kept, or with a total that does not fit between those of its neighbours in time.
   */
  add(trade: Trade): boolean {
    const start = Math.floor(trade.at / this.step) * this.step;
    if (start < this.forgottenUntil) return false;
    const at = this.placeOf(start);
    const found = at >= 0 && this.bars[at]?.start === start;
    const next = this.bars[at + 1];
    const below = found ? this.totalBefore(at) : this.totalBefore(at + 1);
    if (trade.total <= below || (next !== undefined && trade.total >= next.total)) return false;

    const isLate = next !== undefined || (found && trade.at < (this.bars[at] as Bar).closeAt);
    const bar = found ? (this.bars[at] as Bar) : this.insert(at + 1, start, trade, below);
    take(bar, trade);
    this.note(bar, isLate || bar.final);
    this.count(trade, bar, found ? at : at + 1);
    if (this.bars.length > this.keep) this.forgetFirst();
    return true;
  }

  /** Ends the intervals that were over at `end`. */
  finish(end: EpochMs): void {
    for (; this.firstOpen < this.bars.length; this.firstOpen++) {
      const bar = this.bars[this.firstOpen] as Bar;
      if (bar.start + this.step > end) return;
      bar.final = true;
      this.changed.add(bar);
    }
  }

  get hasChanged(): boolean {
    return this.changed.size > 0;
  }

  /** Candles that have changed since the last call, oldest first. */
  takeChanged(): Candle[] {
    const changed = [...this.changed].toSorted((a, b) => a.start - b.start);
    this.changed.clear();
    return changed.map((bar) => this.candleOf(bar, this.placeOf(bar.start)));
  }

  /** The newest `count` candles, oldest first. */
  last(count: number): Candle[] {
    const from = Math.max(0, this.bars.length - count);
    return this.bars.slice(from).map((bar, i) => this.candleOf(bar, from + i));
  }

  private count({ size, total }: Trade, bar: Bar, at: number): void {
    if (Number.isNaN(total)) {
      // what was traded after it was traded after it still
      for (let i = at; i < this.bars.length; i++) (this.bars[i] as Bar).total += size;
      return;
    }
    const grows = total > bar.total;
    if (grows) bar.total = total;
    const next = this.bars[at + 1];
    if (grows && next !== undefined) this.note(next, true);
  }

  private note(bar: Bar, isCorrection: boolean): void {
    if (isCorrection) bar.corrected = true;
    this.changed.add(bar);
  }

  private insert(at: number, start: EpochMs, { at: time, price }: Trade, total: number): Bar {
    // between final ones it is final too
    const final = at < this.firstOpen;
    const bar: Bar = {
      start,
      open: price,
      openAt: time,
      high: price,
      low: price,
      close: price,
      closeAt: time,
      total,
      final,
      corrected: false,
    };
    this.bars.splice(at, 0, bar);
    if (final) this.firstOpen++;
    return bar;
  }

  private forgetFirst(): void {
    const bar = this.bars.shift() as Bar;
    this.before = bar.total;
    this.forgottenUntil = bar.start + this.step;
    this.changed.delete(bar);
    this.firstOpen = Math.max(0, this.firstOpen - 1);
  }

  /** Place of the bar that starts then, or of the last one before; -1 when there is none. Nearly always the last. */
  private placeOf(start: EpochMs): number {
    let at = this.bars.length - 1;
    while (at >= 0 && (this.bars[at] as Bar).start > start) at--;
    return at;
  }

  private totalBefore(at: number): number {
    return at === 0 ? this.before : (this.bars[at - 1] as Bar).total;
  }

  private candleOf({ start, open, high, low, close, total, final, corrected }: Bar, at: number): Candle {
    const time = new Date(start).toISOString();
    return { time, open, high, low, close, volume: total - this.totalBefore(at), final, corrected };
  }
}

function take(bar: Bar, { at, price }: Trade): void {
  if (price > bar.high) bar.high = price;
  if (price < bar.low) bar.low = price;
  if (at < bar.openAt) [bar.open, bar.openAt] = [price, at];
  // of two trades at one time the one told later is the later one
  if (at >= bar.closeAt) [bar.close, bar.closeAt] = [price, at];
}
