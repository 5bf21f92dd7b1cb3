import type { Listing } from '../market-model/listing.js';

/** A listing as the vendor names it. */
export interface FyersListing {
  readonly listing: Listing;
  /** `NSE:SBIN-EQ` */
  readonly symbol: string;
  /** `10100000003045`: exchange and segment, expiry, the exchange's token. */
  readonly fyToken: string;
  /** `sf|nse_cm|3045` */
  readonly topic: string;
}

/** Exchange tokens of NSE begin here; the real ones are not in the master. */
const FIRST_NSE_TOKEN = 1000;

/** Every listing of the market in the vendor's terms. On BSE all are of group A: the real groups are not in the master. */
export function fyersListings(listings: Iterable<Listing>): FyersListing[] {
  return [...listings].map((listing, i) => {
    const { exchange, ticker, bseCode } = listing.instrument;
    const isBse = exchange === 'BSE';
    const token = isBse && bseCode !== undefined ? bseCode : String(FIRST_NSE_TOKEN + i);
    return {
      listing,
      symbol: `${exchange}:${ticker}-${isBse ? 'A' : 'EQ'}`,
      fyToken: `${isBse ? '1210' : '1010'}000000${token}`,
      topic: `sf|${isBse ? 'bse_cm' : 'nse_cm'}|${token}`,
    };
  });
}

/** The vendor's symbol file, which has no header. */
export function symbolFile(listings: readonly FyersListing[]): string {
  return listings
    .map(({ listing: { instrument }, symbol, fyToken }) => {
      const { exchange, ticker, name, isin = '', tickSize } = instrument;
      const segment = exchange === 'BSE' ? '12,10' : '10,10';
      const token = fyToken.slice(10);
      return `${fyToken},"${name}",0,1,${tickSize},${isin},0915-1530|1815-1915:,2026-11-20,,${symbol},${segment},${token},${ticker},${token},-1.0,XX,${fyToken},None,0,0.0\n`;
    })
    .join('');
}
