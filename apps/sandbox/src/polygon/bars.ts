import type { Listing } from '../market-model/listing.js';
import type { PolygonEvent } from './polygon.events.js';

/** The bars of one length: what has traded since the last ones were sent. */
export class Bars {
  private readonly open = new Map<Listing, { o: number; h: number; l: number; c: number; before: number }>();
  private startedAt: number;

  /** @param lengthMs bars begin at whole multiples of it */
  constructor(
    private readonly kind: 'A' | 'AM',
    private readonly lengthMs: number,
    now: number,
  ) {
    this.startedAt = this.floor(now);
  }

  /** Takes note of a trade. @param volume of the day before it */
  add(listing: Listing, price: number, volume: number): void {
    const bar = this.open.get(listing);
    if (bar === undefined) this.open.set(listing, { o: price, h: price, l: price, c: price, before: volume });
    else Object.assign(bar, { h: Math.max(bar.h, price), l: Math.min(bar.l, price), c: price });
  }

  /** The bars that have ended by now; none where nothing traded. */
  take(now: number): Map<Listing, PolygonEvent> {
    const ended = new Map<Listing, PolygonEvent>();
    if (now < this.startedAt + this.lengthMs) return ended;
    const times = { s: this.startedAt, e: this.startedAt + this.lengthMs };
    for (const [listing, { o, h, l, c, before }] of this.open) {
      const { instrument, volume: av, open: op, averagePrice: a } = listing;
      const day = { v: av - before, av, op, vw: c, a, z: 100 };
      ended.set(listing, { ev: this.kind, sym: instrument.ticker, ...day, o, c, h, l, ...times });
    }
    this.open.clear();
    this.startedAt = this.floor(now);
    return ended;
  }

  private floor(time: number): number {
    return Math.floor(time / this.lengthMs) * this.lengthMs;
  }
}
