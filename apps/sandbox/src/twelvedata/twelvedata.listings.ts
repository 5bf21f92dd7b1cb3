import type { Listing } from '../market-model/listing.js';

/** The listings by the vendor's names: `SBIN:NSE`, a symbol with an exchange or market code beside it, or a symbol alone. */
export class TwelveDataListings {
  private readonly byName = new Map<string, Listing>();

  constructor(listings: Iterable<Listing>) {
    for (const listing of listings) {
      const { ticker, exchange } = listing.instrument;
      this.byName.set(`${ticker}:${exchange}`, listing);
      // a symbol alone is the first listing of its name
      if (!this.byName.has(ticker)) this.byName.set(ticker, listing);
    }
  }

  find(symbol: string, exchange?: string): Listing | undefined {
    return this.byName.get(exchange === undefined ? symbol : `${symbol}:${exchange}`);
  }
}
