import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { depthBody, headerBody, HTML_SHELL, type Moment, tradingBody } from './bse.bodies.js';
import { bhavcopy, scripMasterBody } from './bse.files.js';
import { MinuteGraph } from './bse.graph.js';
import { BseVisitors } from './bse.visitors.js';

const PREFIX = '/BseIndiaAPI/api/';
/** The site's home page: on another host than its quotes, here only on another path. */
const HOME = '/bse-www/';
const BHAVCOPY = /^\/download\/BhavCopy\/Equity\/BhavCopy_BSE_CM_0_0_0_(\d{8})_F_0000\.CSV$/;
const BROWSER = /Mozilla\/5\.0 .*(Chrome|Firefox|Safari)\//;

const QUOTE_ROUTES = ['getScripHeaderData', 'StockTrading', 'MarketDepth', 'StockReachGraph'] as const;
type QuoteRoute = (typeof QUOTE_ROUTES)[number];
type Route = QuoteRoute | 'ListofScripData' | 'home' | 'bhavcopy' | 'unknown';

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '{"CurrRate":{"LTP":{"x":1}},"Header":[]}',
  () => '\u0000\u0001 not json {{{',
  () => '{"CurrRate":null,"Header":42}',
];

/** The quote routes and files of bseindia.com, with its manners: no browser headers, no answer; an unknown route is a page. */
export class BseSimulator implements VendorSimulator {
  readonly id = 'bse';
  /**
   * `refused`: for want of a browser's headers, or for a cookie that is no longer good; the routes count what was asked of them,
   * answered or not. Counts that are not here begin with the first request of their kind.
   */
  private readonly counts: Record<string, number> = {
    requests: 0,
    quotes: 0,
    refused: 0,
    getScripHeaderData: 0,
    StockTrading: 0,
    unknown: 0,
  };
  private readonly mangler = new Mangler(MALFORMED);
  private readonly byCode: ReadonlyMap<string, Listing>;
  private readonly graph: MinuteGraph;
  private readonly visitors: BseVisitors;

  constructor(private readonly tools: SimulatorTools) {
    const listings = [...tools.market.listings.values()].filter(({ instrument }) => instrument.exchange === 'BSE');
    this.byCode = new Map(listings.map((listing) => [codeOf(listing), listing]));
    this.graph = new MinuteGraph(tools.market);
    this.visitors = new BseVisitors(tools.clock);
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    const route = routeOf(url.pathname);
    if (route === undefined) return false;
    this.count('requests');
    this.count(route);
    const { faults, clock } = this.tools;
    if (faults.strikes('bse', 'disconnect')) {
      request.socket.destroy();
      return true;
    }
    // accepted and never answered, also when the fault is lifted: the client has to give up
    if (faults.strikes('bse', 'stall')) return true;
    const late = faults.strikes('bse', 'delay');
    if (late === undefined) this.answer(request, url, route, response);
    else clock.after(late.ms ?? 0, () => this.answer(request, url, route, response));
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return { BSE_BASE_URL: `${url}${PREFIX.slice(0, -1)}`, BSE_WWW_URL: `${url}${HOME}` };
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts };
  }

  close(): void {
    // requests end with the HTTP server
  }

  private answer(request: IncomingMessage, url: URL, route: Route, response: ServerResponse): void {
    const { faults } = this.tools;
    const limited = faults.strikes('bse', 'rate-limit');
    if (limited !== undefined)
      return void response.writeHead(429, { 'Retry-After': String(limited.retryAfterSeconds ?? 5) }).end();
    const broken = faults.strikes('bse', 'error');
    if (broken !== undefined) return void response.writeHead(broken.status ?? 500).end('Server Error');
    if (this.isRefused(request)) {
      this.count('refused');
      return void response.writeHead(403).end('Access Denied');
    }
    const html = { 'Content-Type': 'text/html' };
    if (route === 'unknown') return void response.writeHead(200, html).end(HTML_SHELL);
    if (route === 'home')
      return void response.writeHead(200, { ...html, 'Set-Cookie': this.visitors.welcome() }).end(HTML_SHELL);
    const text = this.text(route, url);
    if (text === undefined) return void response.writeHead(404, html).end('Not Found');
    const type = route === 'bhavcopy' ? 'text/csv' : 'application/json; charset=utf-8';
    response.writeHead(200, { 'Content-Type': type });
    response.end(text !== '' && faults.strikes('bse', 'malformed') ? this.mangler.mangle(text) : text);
  }

  private isRefused({ headers }: IncomingMessage): boolean {
    if (headers.referer === undefined || !BROWSER.test(headers['user-agent'] ?? '')) return true;
    const cookies = this.visitors.check(headers.cookie);
    if (cookies === 'good') this.count('withCookies');
    return cookies === 'bad';
  }

  /** Empty where BSE answers with nothing; undefined for a file there is not. */
  private text(route: Exclude<Route, 'home' | 'unknown'>, url: URL): string | undefined {
    const { market, clock } = this.tools;
    const moment = { now: clock.now(), phase: market.phase };
    if (route === 'bhavcopy') return bhavcopy(BHAVCOPY.exec(url.pathname)?.[1] ?? '', this.byCode.values(), moment);
    if (route === 'ListofScripData') return JSON.stringify(scripMasterBody(this.byCode.values()));
    const listing = this.byCode.get(url.searchParams.get('scripcode') ?? '');
    // for a code nobody has
    if (listing === undefined) return '';
    this.count('quotes');
    return JSON.stringify(this.quote(route, listing, moment, url.searchParams)) ?? '';
  }

  private quote(route: QuoteRoute, listing: Listing, moment: Moment, query: URLSearchParams): object | undefined {
    switch (route) {
      case 'getScripHeaderData':
        return headerBody(listing, this.tools.faults.price('bse', listing.instrument.id, listing.last), moment);
      case 'StockTrading':
        return tradingBody(listing);
      case 'MarketDepth':
        return depthBody(listing, moment);
      case 'StockReachGraph':
        return this.graph.body(listing, query.get('flag') === '0');
    }
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/** Undefined for what is not the site's. */
function routeOf(path: string): Route | undefined {
  if (path === HOME) return 'home';
  if (BHAVCOPY.test(path)) return 'bhavcopy';
  if (!path.startsWith(PREFIX)) return undefined;
  const name = /^(\w+)\/w$/.exec(path.slice(PREFIX.length))?.[1];
  return [...QUOTE_ROUTES, 'ListofScripData' as const].find((route) => route === name) ?? 'unknown';
}

/** The scrip code; on BSE it is also the code within the id. */
function codeOf({ instrument: { id, exchange, bseCode } }: Listing): string {
  return bseCode ?? id.slice(exchange.length + 1);
}
