import type { EpochMs, Tick, VendorId } from '#domain';
import type { Trade } from './candle-series.js';

/** Trades that are told this long after a newer one no longer count, ms. */
export const CORRECTED_FOR_MS = 5 * 60_000;

/**
 * Finds the trades in one instrument's ticks.
 *
 * Where the vendor counts the day's volume, a tick is a trade when the count has grown, by as much as it has grown: vendors that send
 * values rather than trades leave trades out, and only the count has them all. Where it does not, a tick with a size is a trade of that
 * size. A mere price counts when it is another one, without a volume. A vendor's first tick, and the first of a new day's count, is where
 * counting starts: when its trade was is not known.
 */
export class TradeReader {
  private vendor: VendorId = '';
  /** What to add to the vendor's count to get ours; NaN while the vendor does not count. */
  private offset = NaN;
  /** Everything traded since the first tick. */
  private total = 0;
  private lastPrice = NaN;
  /** When the vendor's newest trade was. */
  private newest: EpochMs = -Infinity;

  /** Where counting starts: when the vendor's first tick was, or the first of its new count. NaN before. */
  since: EpochMs = NaN;
  /** How far the newest trade was behind the clock when it was told, ms. */
  lag = 0;

  /**
   * @param volume the count to believe; undefined when the tick has none
   * @returns undefined when the tick tells of no trade
   */
  accepted(tick: Tick, volume: number | undefined): Trade | undefined {
    const at = timeOf(tick);
    if (tick.vendor !== this.vendor) {
      this.begin(tick, at, volume);
      return undefined;
    }
    const trade = this.next(tick, at, volume);
    if (trade === undefined) return undefined;
    if (at > this.newest) {
      this.newest = at;
      this.lag = Math.max(0, tick.receivedAt - at);
    }
    return trade;
  }

  /** The trade in a tick that was refused because a newer one had come. */
  late(tick: Tick): Trade | undefined {
    const at = timeOf(tick);
    if (tick.vendor !== this.vendor || at < this.since || at <= this.newest - CORRECTED_FOR_MS) return undefined;
    const { price, volume, lastSize } = tick;
    if (price === undefined) return undefined;
    if (Number.isNaN(this.offset)) return this.sized(at, price, lastSize);
    const total = (volume ?? NaN) + this.offset;
    return total < this.total ? { at, price, size: 0, total } : undefined;
  }

  private begin({ vendor, price = NaN }: Tick, at: EpochMs, volume = NaN): void {
    this.vendor = vendor;
    this.since = at;
    this.newest = -Infinity;
    this.offset = this.total - volume;
    this.lastPrice = price;
  }

  private next({ price, lastSize }: Tick, at: EpochMs, volume: number | undefined): Trade | undefined {
    if (volume !== undefined && !(volume + this.offset >= this.total)) {
      this.offset = this.total - volume;
      this.since = at;
      this.lastPrice = price ?? this.lastPrice;
      return undefined;
    }
    if (price === undefined) return undefined;
    const isOther = price !== this.lastPrice;
    this.lastPrice = price;
    if (volume !== undefined) {
      const total = volume + this.offset;
      if (total === this.total) return undefined;
      this.total = total;
      return { at, price, size: 0, total };
    }
    const isSized = Number.isNaN(this.offset) && lastSize !== undefined;
    return isSized || isOther ? this.sized(at, price, isSized ? lastSize : undefined) : undefined;
  }

  private sized(at: EpochMs, price: number, size = 0): Trade {
    const known = size > 0 ? size : 0;
    this.total += known;
    return { at, price, size: known, total: NaN };
  }
}

/** When it happened. A vendor that tells minutes says no more than that it was within one: until that is over, it was just now. */
export function timeOf({ eventTime, eventTimeStep, receivedAt }: Tick): EpochMs {
  if (eventTime === undefined) return receivedAt;
  if (eventTimeStep === undefined || eventTimeStep === 0) return eventTime;
  return Math.min(Math.max(eventTime, receivedAt), eventTime + eventTimeStep - 1);
}
