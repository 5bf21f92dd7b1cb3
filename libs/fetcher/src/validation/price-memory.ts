import type { EpochMs } from '#domain';

/** Standard deviations of the recent movement beyond which a jump is doubted. */
const SIGMAS = 8;
/** No smaller jump is doubted: as a share of the price, and in steps of the tick size, which are large for a cheap share. */
const FLOOR = 0.01;
const FLOOR_STEPS = 6;
/** Shorter moves are trades hitting the bid and the ask in turns, and say nothing about where the price goes. */
const SAMPLE_MS = 1000;
/** After a longer silence a jump is as doubtful as after this: an opening gap is real, but let a second tick say so. */
const LONGEST_MS = 60_000;
/** Weight of the newest sample. */
const WEIGHT = 0.05;
/** Before anything is known: a share that moves 2 % in a trading day of 22,500 s. */
const PRIOR = (0.02 * 0.02) / 22_500_000;

/** What the deep tier remembers of one instrument's price: the last good one, and how much it has been moving. */
export class PriceMemory {
  /** Variance of the logarithm of the price, per millisecond. */
  private variance = PRIOR;
  private sampled: number;
  private sampledAt: EpochMs;

  /**
   * @param price last good price; NaN when there is none
   * @param at when it was said
   * @param tickSize smallest price step of the instrument
   */
  constructor(
    public price: number,
    public at: EpochMs,
    private readonly tickSize: number,
  ) {
    this.sampled = price;
    this.sampledAt = at;
  }

  /** How far from the last good price a price may be at a moment, as a difference of logarithms. */
  allowance(at: EpochMs): number {
    const elapsed = Math.min(LONGEST_MS, Math.max(SAMPLE_MS, at - this.at));
    const floor = Math.max(FLOOR, (FLOOR_STEPS * this.tickSize) / this.price);
    return Math.max(floor, SIGMAS * Math.sqrt(this.variance * elapsed));
  }

  /** Takes a price that was found good. */
  learn(price: number, at: EpochMs): void {
    const elapsed = at - this.sampledAt;
    if (Number.isNaN(this.sampled)) {
      this.sampled = price;
      this.sampledAt = at;
    } else if (elapsed >= SAMPLE_MS) {
      // a gap is one event, not the way the price moves: it counts no more than the largest ordinary jump
      const jump = Math.min(Math.abs(Math.log(price / this.sampled)), this.allowance(at));
      this.variance += WEIGHT * ((jump * jump) / elapsed - this.variance);
      this.sampled = price;
      this.sampledAt = at;
    }
    this.price = price;
    this.at = at;
  }
}
