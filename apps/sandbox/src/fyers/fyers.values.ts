import type { Listing } from '../market-model/listing.js';
import { NO_VALUE } from './hsm-frames.js';

const MAX = 0x7fffffff;
/** How much more there is in the book than at its best prices. */
const BOOK_DEPTH = 20;

/** The 21 values of a share as integers, prices times 10 to the power of its decimals. */
export function valuesOf(listing: Listing, price: number): number[] {
  const scale = 10 ** listing.instrument.decimals;
  const priced = (value: number | undefined): number => (value === undefined ? NO_VALUE : whole(value * scale));
  const seconds = (at: number | undefined): number => (at === undefined ? NO_VALUE : Math.floor(at / 1000));
  const { bidSize, askSize } = listing;
  const unknown = NO_VALUE;
  return [
    priced(price),
    whole(listing.volume),
    seconds(listing.tradedAt),
    seconds(listing.changedAt),
    bidSize,
    askSize,
    priced(listing.bid),
    priced(listing.ask),
    listing.lastSize,
    bidSize * BOOK_DEPTH,
    askSize * BOOK_DEPTH,
    priced(listing.averagePrice),
    // open interest: a share has none
    0,
    priced(listing.low),
    priced(listing.high),
    // the year's range
    unknown,
    unknown,
    priced(listing.lowerCircuit),
    priced(listing.upperCircuit),
    priced(listing.open),
    priced(listing.previousClose),
  ];
}

/** As an i32 that is not the one for "no value". */
function whole(value: number): number {
  return Math.max(-MAX, Math.min(MAX, Math.round(value)));
}
