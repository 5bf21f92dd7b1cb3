import { CORRECTED_FOR_MS, TradeReader } from '#candles';
import type { EpochMs, Tick } from '#domain';

/** Entries of two numbers from which on old ones are looked for. */
const MANY_COUNTS = 64;

/** Volume that belongs to a trade told late, and was counted with a later one. */
export interface VolumeMove {
  readonly to: EpochMs;
  readonly from: EpochMs;
  readonly size: number;
}

/** What the ticks of one instrument traded, by the rules of live candles; and their place among those of one millisecond. */
export class TradedSizes {
  /** What the last late tick has moved; undefined for nothing. */
  moved: VolumeMove | undefined;
  private readonly trades = new TradeReader();
  private total = 0;
  private receivedAt: EpochMs = NaN;
  private place = 0;
  private since: EpochMs = NaN;
  /** When, and how much had been traded by then, in turns; oldest first. As far back as a late trade still counts. */
  private counts: number[] = [];

  /** Place among the ticks that were received in the same millisecond, from 0. */
  arrival(receivedAt: EpochMs): number {
    this.place = receivedAt === this.receivedAt ? Math.min(this.place + 1, 65_535) : 0;
    this.receivedAt = receivedAt;
    return this.place;
  }

  /** Traded by the tick; NaN when it tells of no trade. */
  accepted(tick: Tick, volume: number | undefined): number {
    const trade = this.trades.accepted(tick, volume);
    if (this.trades.since !== this.since) this.begin(this.trades.since);
    if (trade === undefined) return NaN;
    // only NaN differs from itself
    const isCounted = trade.total === trade.total;
    const size = isCounted ? trade.total - this.total : trade.size;
    this.total += size;
    if (isCounted) this.remember(trade.at);
    return size;
  }

  /** The same of a late tick. What it traded may have been counted already: then the size is 0, and `moved` tells. */
  late(tick: Tick): number {
    this.moved = undefined;
    const trade = this.trades.late(tick);
    if (trade === undefined) return NaN;
    if (Number.isNaN(trade.total)) {
      this.total += trade.size;
      return trade.size;
    }
    return this.insert(trade.at, trade.total);
  }

  private insert(at: EpochMs, total: number): number {
    const { counts } = this;
    let next = counts.length - 2;
    while (next > 0 && (counts[next - 1] as number) > total) next -= 2;
    const before = next - 2;
    if (before < 0) return NaN;
    const isBetween = (counts[before] as number) <= at && at <= (counts[next] as number);
    const size = total - (counts[before + 1] as number);
    if (size === 0 || !isBetween) return NaN;
    this.moved = { to: at, from: counts[next] as number, size };
    counts.splice(next, 0, at, total);
    return 0;
  }

  /** A late trade may come to stand between where counting starts and the first trade. */
  private begin(since: EpochMs): void {
    this.since = since;
    this.counts = [since, this.total];
  }

  private remember(at: EpochMs): void {
    const { counts } = this;
    counts.push(at, this.total);
    if (counts.length < 2 * MANY_COUNTS) return;
    const middle = 2 * Math.floor(counts.length / 4);
    // the newest of those that are too old is still the one before a late trade
    if ((counts[middle] as number) <= at - CORRECTED_FOR_MS) counts.splice(0, middle);
  }
}
