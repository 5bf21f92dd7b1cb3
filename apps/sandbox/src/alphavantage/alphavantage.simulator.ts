import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { AlphaVantageAccount, type Entitlement, PLANS } from './alphavantage.account.js';
import { bulkRow, intradayBody, nameOf, quoteBody } from './alphavantage.bodies.js';
import { invalidCall, perMinute, PREMIUM, WRONG_KEY } from './alphavantage.notices.js';

const PREFIX = '/alphavantage';
const MAX_BULK = 100;
const CDN_PAGE = '<html><head><title>502 Bad Gateway</title></head><body>cloud</body></html>';

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => CDN_PAGE,
  () => '{"Global Quote":{"05. price":{"x":1}},"data":{},"Time Series (1min)":[]}',
  () => '[]',
];

/** alphavantage.co: one path, the function in the query, numbers as texts, and every failure of its own with HTTP 200. */
export class AlphaVantageSimulator implements VendorSimulator {
  readonly id = 'alphavantage';
  /** `limited`: by a limit of the plan; `refused`: for the key, or a function beyond the plan. */
  private readonly counts = { requests: 0, quotes: 0, bulk: 0, bars: 0, limited: 0, refused: 0, unknown: 0 };
  private readonly accounts: ReadonlyMap<string, AlphaVantageAccount>;
  private readonly byName: ReadonlyMap<string, Listing>;
  private readonly mangler = new Mangler(MALFORMED);

  constructor(private readonly tools: SimulatorTools) {
    this.accounts = new Map([...PLANS].map(([key, plan]) => [key, new AlphaVantageAccount(key, plan, tools.clock)]));
    this.byName = new Map([...tools.market.listings.values()].map((listing) => [nameOf(listing), listing]));
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (url.pathname !== `${PREFIX}/query`) return false;
    this.counts.requests++;
    const { faults, clock } = this.tools;
    if (faults.strikes('alphavantage', 'disconnect') !== undefined) {
      request.socket.destroy();
      return true;
    }
    // accepted and never answered
    if (faults.strikes('alphavantage', 'stall') !== undefined) return true;
    const late = faults.strikes('alphavantage', 'delay');
    if (late === undefined) this.answer(url.searchParams, response);
    else clock.after(late.ms ?? 0, () => this.answer(url.searchParams, response));
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return {
      ALPHAVANTAGE_BASE_URL: `${url}${PREFIX}`,
      ALPHAVANTAGE_SECRET_API_KEY: 'sandbox',
      ALPHAVANTAGE_ENTITLEMENT: 'realtime',
      ALPHAVANTAGE_REQUESTS_PER_MINUTE: '1200',
      ALPHAVANTAGE_REQUESTS_PER_DAY: '0',
    };
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts };
  }

  close(): void {
    // requests end with the HTTP server
  }

  private answer(query: URLSearchParams, response: ServerResponse): void {
    const { faults } = this.tools;
    const broken = faults.strikes('alphavantage', 'error');
    if (broken !== undefined) {
      return void response.writeHead(broken.status ?? 502, { 'Content-Type': 'text/html' }).end(CDN_PAGE);
    }
    const limited = faults.strikes('alphavantage', 'rate-limit');
    if (limited?.retryAfterSeconds !== undefined) {
      // the CDN's, not the vendor's own
      this.counts.limited++;
      return void response.writeHead(429, { 'Retry-After': String(limited.retryAfterSeconds) }).end();
    }
    const isMalformed = faults.strikes('alphavantage', 'malformed') !== undefined;
    const text = JSON.stringify(limited === undefined ? this.body(query) : this.limit(perMinute(5)));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(isMalformed ? this.mangler.mangle(text) : text);
  }

  private body(query: URLSearchParams): object {
    const account = this.accounts.get(query.get('apikey') ?? '');
    if (account === undefined) return this.refuse(WRONG_KEY);
    const notice = account.ask();
    if (notice !== undefined) return this.limit(notice);
    const { entitlement } = account.plan;
    const wanted = query.get('entitlement');
    if (wanted !== null && !includes(entitlement, wanted)) return this.refuse(PREMIUM);
    const name = query.get('function') ?? '';
    const symbol = query.get('symbol') ?? '';
    switch (name) {
      case 'GLOBAL_QUOTE':
        return this.quote(symbol, wanted === 'delayed');
      case 'REALTIME_BULK_QUOTES':
        return entitlement === 'realtime' ? this.bulk(symbol) : this.refuse(PREMIUM);
      case 'TIME_SERIES_INTRADAY':
        return this.bars(symbol);
      default:
        return invalidCall(name);
    }
  }

  private quote(symbol: string, isDelayed: boolean): object {
    const listing = this.find(symbol);
    if (listing !== undefined) this.counts.quotes++;
    return quoteBody(listing, listing === undefined ? 0 : this.priceOf(listing), isDelayed);
  }

  /** What comes after the hundredth symbol is ignored, and so is what nobody has. */
  private bulk(symbols: string): object {
    this.counts.bulk++;
    const listings = symbols
      .split(',')
      .slice(0, MAX_BULK)
      .map((symbol) => this.find(symbol));
    const data = listings
      .filter((listing) => listing !== undefined)
      .map((listing) => bulkRow(listing, this.priceOf(listing)));
    return { endpoint: 'Realtime Bulk Quotes', message: 'success', data };
  }

  private bars(symbol: string): object {
    const listing = this.find(symbol);
    if (listing === undefined) return invalidCall('TIME_SERIES_INTRADAY');
    this.counts.bars++;
    return intradayBody(listing, this.priceOf(listing));
  }

  private find(symbol: string): Listing | undefined {
    const listing = this.byName.get(symbol.toUpperCase());
    if (listing === undefined) this.counts.unknown++;
    return listing;
  }

  private priceOf(listing: Listing): number {
    return this.tools.faults.price('alphavantage', listing.instrument.id, listing.last);
  }

  private limit(notice: object): object {
    this.counts.limited++;
    return notice;
  }

  private refuse(notice: object): object {
    this.counts.refused++;
    return notice;
  }
}

/** Whether a plan's data includes what a call wants. */
function includes(entitlement: Entitlement, wanted: string): boolean {
  return entitlement === wanted || (entitlement === 'realtime' && wanted === 'delayed');
}
