import { seededRandom } from './random.js';
import { symbolOf } from './workload.js';

/** Prices are counted in steps of 0.05, so that every price on the wire is exact. */
const STEPS_PER_RUPEE = 20;
const DAILY_LIMIT = 0.095;

interface Listing {
  readonly symbol: string;
  readonly previousClose: number;
  readonly open: number;
  price: number;
  high: number;
  low: number;
  volume: number;
  turnover: number;
  lastSize: number;
  bidSize: number;
  askSize: number;
}

/** 1,000 made-up shares in the sandbox's JSON dialect. A tick changes about 8 fields of the quote a client sees. */
export class BenchMarket {
  private readonly listings: Listing[];
  private readonly random: () => number;

  constructor(symbols: number, seed: number) {
    this.random = seededRandom(seed);
    this.listings = Array.from({ length: symbols }, (_, index) => this.list(index));
  }

  indexOf(symbol: string): number | undefined {
    const index = Number(symbol.slice('NSE:B'.length)) - 1;
    return this.listings[index]?.symbol === symbol ? index : undefined;
  }

  /** The next quote of one symbol, as the element of a `quotes` frame. */
  tick(index: number, now: number): string {
    const listing = this.listings[index]!;
    this.move(listing);
    const { symbol, price, volume, bidSize, askSize, lastSize, turnover } = listing;
    const average = Math.round((turnover * 100) / volume) / 100;
    return (
      `{"s":"${symbol}","p":${rupees(price)},"v":${volume},"b":${rupees(price - 1)},"a":${rupees(price + 1)},` +
      `"bs":${bidSize},"as":${askSize},"ls":${lastSize},"ap":${average},"o":${rupees(listing.open)},` +
      `"h":${rupees(listing.high)},"l":${rupees(listing.low)},"pc":${rupees(listing.previousClose)},"t":${now}}`
    );
  }

  /** The instrument master, `NSE:B0001` onwards. */
  instrumentsCsv(): string {
    const rows = this.listings.map((_, index) => {
      const number = String(index + 1).padStart(4, '0');
      return `NSE,B${number},B${number},Bench Instrument ${number} Limited,,,0.05,2,INR,`;
    });
    return ['exchange,code,ticker,name,isin,bseCode,tickSize,decimals,currency,indices', ...rows, ''].join('\n');
  }

  private list(index: number): Listing {
    const previousClose = Math.round((100 + this.random() * 2_900) * STEPS_PER_RUPEE);
    const volume = 100_000 + this.below(1_000_000);
    return {
      symbol: symbolOf(index),
      previousClose,
      open: previousClose,
      price: previousClose,
      high: previousClose,
      low: previousClose,
      volume,
      turnover: volume * rupees(previousClose),
      lastSize: 1,
      bidSize: 1 + this.below(5_000),
      askSize: 1 + this.below(5_000),
    };
  }

  private move(listing: Listing): void {
    if (this.random() < 0.75) {
      const step = (this.random() < 0.5 ? -1 : 1) * (1 + this.below(2));
      const next = listing.price + step;
      const isAllowed = Math.abs(next - listing.previousClose) <= listing.previousClose * DAILY_LIMIT;
      listing.price = isAllowed ? next : listing.price - step;
    }
    listing.high = Math.max(listing.high, listing.price);
    listing.low = Math.min(listing.low, listing.price);
    listing.lastSize = 1 + this.below(500);
    listing.volume += listing.lastSize;
    listing.turnover += listing.lastSize * rupees(listing.price);
    if (this.random() < 0.5) listing.bidSize = 1 + this.below(5_000);
    else listing.askSize = 1 + this.below(5_000);
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}

function rupees(steps: number): number {
  return (steps * 5) / 100;
}
