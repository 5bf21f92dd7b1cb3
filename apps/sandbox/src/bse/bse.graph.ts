import type { Listing } from '../market-model/listing.js';
import type { Market } from '../market-model/market.js';
import { tradingDay } from '../market-model/session.js';
import { graphTime } from './bse.texts.js';

interface Point {
  /** Begin of its minute. */
  readonly at: number;
  /** Volume of the day before it. */
  readonly volumeBefore: number;
  price: number;
  volume: number;
}

const MINUTE_MS = 60_000;
/** Minutes of a trading day. A market that never closes shows as many. */
const MAX_POINTS = 375;

/** Today's prices of each scrip by the minute, as the site's graph shows them. */
export class MinuteGraph {
  private readonly points = new Map<Listing, Point[]>();

  constructor(market: Market) {
    market.onStep((moved) => {
      for (const listing of moved) {
        // the others were quoted, not traded
        if (listing.instrument.exchange === 'BSE' && listing.tradedAt === listing.changedAt) this.traded(listing);
      }
    });
  }

  /** Body of `StockReachGraph`; the points stand in a text, and in no order. @param isToday false for longer times, of which nothing is kept */
  body(listing: Listing, isToday: boolean): object {
    const points = ((isToday && this.points.get(listing)) || []).map(({ at, price, volume, volumeBefore }) => ({
      dttm: graphTime(at),
      vale1: price.toFixed(2),
      vole: String(volume - volumeBefore),
    }));
    const middle = Math.ceil(points.length / 2);
    return {
      Scripname: listing.instrument.name.toUpperCase(),
      CurrVal: listing.last.toFixed(2),
      PrevClose: listing.previousClose.toFixed(2),
      Data: points.length === 0 ? '' : JSON.stringify([...points.slice(middle), ...points.slice(0, middle)]),
    };
  }

  private traded(listing: Listing): void {
    const { changedAt, last, volume, lastSize } = listing;
    const at = changedAt - (changedAt % MINUTE_MS);
    const points = this.points.get(listing) ?? [];
    this.points.set(listing, points);
    const latest = points.at(-1);
    if (latest?.at === at) {
      latest.price = last;
      latest.volume = volume;
      return;
    }
    if (latest !== undefined && tradingDay(latest.at) !== tradingDay(at)) points.length = 0;
    points.push({ at, price: last, volume, volumeBefore: points.at(-1)?.volume ?? volume - lastSize });
    if (points.length > MAX_POINTS) points.shift();
  }
}
