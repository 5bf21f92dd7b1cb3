import type { Random } from '#domain';
import { normal } from './seeded-random.js';

/** Length of an Indian trading day, over which the volatility is spread. */
const DAY_MS = 22_500_000;
/** Size of the gap from one close to the next open, as a part of the day's volatility. */
const OVERNIGHT = 0.3;

/** What both listings of a company have in common: its worth, which wanders. */
export class Company {
  /** Fair price in rupees. */
  fair: number;
  /** The worth it is drawn back to: where the day began, or where somebody has put it. */
  private anchor: number;
  private wanderedAt: number | undefined;

  constructor(
    price: number,
    /** Standard deviation of the price within a day, as a share. */
    private readonly volatility: number,
  ) {
    this.fair = price;
    this.anchor = price;
  }

  /**
   * The worth now. Over minutes it is a random walk; over days it is drawn back to the anchor, since a market that never closes
   * would otherwise end at its circuit limits.
   */
  wander(now: number, random: Random): void {
    const days = (now - (this.wanderedAt ?? now)) / DAY_MS;
    this.wanderedAt = now;
    if (days <= 0) return;
    const kept = Math.exp(-days);
    const noise = normal(random) * this.volatility * Math.sqrt((1 - kept * kept) / 2);
    this.fair = this.anchor * Math.exp(Math.log(this.fair / this.anchor) * kept + noise);
  }

  /** A night has passed: what the worth has become is where the new day begins. */
  startDay(now: number, random: Random): void {
    this.fair *= Math.exp(normal(random) * this.volatility * OVERNIGHT);
    this.anchor = this.fair;
    this.wanderedAt = now;
  }

  /** The worth is what somebody says, and stays about there. */
  moveTo(price: number): void {
    this.fair = price;
    this.anchor = price;
  }
}
