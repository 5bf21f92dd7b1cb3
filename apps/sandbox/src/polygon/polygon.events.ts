import type { Listing } from '../market-model/listing.js';

/** One event of a frame. */
export interface PolygonEvent {
  readonly ev: string;
  readonly [field: string]: unknown;
}

const LOT = 100;
const ODD_LOT = 37;
const INTERMARKET_SWEEP = 14;
const TRF_EXCHANGE = 4;
/** A broker's price improvement is finer than a cent. */
const IMPROVEMENT = 0.0025;

export function status(name: string, message: string): PolygonEvent {
  return { ev: 'status', status: name, message };
}

/**
 * What one trade of the market looks like on the tape: now and then it is off exchange and finer than a cent, and now and then an odd
 * lot far from the market stands before it, which is not to be taken for the price.
 * @param number of the trade, from 1; it is the sequence, and decides what the trade looks like
 */
export function tradeEvents(
  { instrument, lastSize, tradedAt }: Listing,
  price: number,
  number: number,
): PolygonEvent[] {
  const common = { ev: 'T', sym: instrument.ticker, z: instrument.exchange === 'NYSE' ? 1 : 3, t: tradedAt };
  const trade: PolygonEvent = { ...common, i: `${number}`, x: 11, p: price, s: lastSize, q: 2 * number };
  if (number % 7 === 0) {
    const improved = Number((price + IMPROVEMENT).toFixed(4));
    return [{ ...trade, p: improved, x: TRF_EXCHANGE, trfi: 202, trft: tradedAt }];
  }
  if (number % 5 !== 0) return [{ ...trade, c: [INTERMARKET_SWEEP] }];
  const stray = Number((price * 1.05).toFixed(2));
  return [{ ...common, i: `${number}o`, x: 11, p: stray, s: 1, q: 2 * number - 1, c: [ODD_LOT] }, trade];
}

/** The best bid and ask, their sizes in round lots. */
export function quoteEvent(listing: Listing, number: number): PolygonEvent {
  const { instrument, bid, ask, bidSize, askSize, changedAt } = listing;
  const lots = (size: number): number => Math.ceil(size / LOT);
  const sides = { bx: 11, bp: bid, bs: lots(bidSize), ax: 12, ap: ask, as: lots(askSize) };
  return { ev: 'Q', sym: instrument.ticker, ...sides, c: 0, t: changedAt, q: number, z: 3 };
}
