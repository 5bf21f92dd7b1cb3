import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { headerBody, HTML_SHELL, tradingBody } from './bse.bodies.js';

const PREFIX = '/BseIndiaAPI/api/';
const BROWSER = /Mozilla\/5\.0 .*(Chrome|Firefox|Safari)\//;

type Route = 'getScripHeaderData' | 'StockTrading' | 'unknown';

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '{"CurrRate":{"LTP":{"x":1}},"Header":[]}',
  () => '\u0000\u0001 not json {{{',
  () => '{"CurrRate":null,"Header":42}',
];

/** The quote routes of bseindia.com, with its manners: no browser headers, no answer; an unknown route is a page. */
export class BseSimulator implements VendorSimulator {
  readonly id = 'bse';
  /** `refused`: for want of a browser's headers; the routes count what was asked of them, answered or not. */
  private readonly counts = { requests: 0, quotes: 0, refused: 0, getScripHeaderData: 0, StockTrading: 0, unknown: 0 };
  private readonly mangler = new Mangler(MALFORMED);
  private readonly byCode: ReadonlyMap<string, Listing>;

  constructor(private readonly tools: SimulatorTools) {
    const listings = [...tools.market.listings.values()].filter(({ instrument }) => instrument.exchange === 'BSE');
    this.byCode = new Map(listings.map((listing) => [codeOf(listing), listing]));
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (!url.pathname.startsWith(PREFIX)) return false;
    const route = routeOf(url.pathname);
    this.counts.requests++;
    this.counts[route]++;
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
    return { BSE_BASE_URL: `${url}/BseIndiaAPI/api` };
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
    if (request.headers.referer === undefined || !BROWSER.test(request.headers['user-agent'] ?? '')) {
      this.counts.refused++;
      return void response.writeHead(403).end('Access Denied');
    }
    if (route === 'unknown') {
      return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(HTML_SHELL);
    }
    const body = this.body(route, url.searchParams.get('scripcode') ?? '');
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(body);
  }

  /** Empty for a code nobody has. */
  private body(route: Route, code: string): string {
    const { faults } = this.tools;
    const listing = this.byCode.get(code);
    if (listing === undefined) return '';
    this.counts.quotes++;
    const price = faults.price('bse', listing.instrument.id, listing.last);
    const text = JSON.stringify(route === 'StockTrading' ? tradingBody(listing) : headerBody(listing, price));
    return faults.strikes('bse', 'malformed') === undefined ? text : this.mangler.mangle(text);
  }
}

function routeOf(path: string): Route {
  if (path === `${PREFIX}getScripHeaderData/w`) return 'getScripHeaderData';
  return path === `${PREFIX}StockTrading/w` ? 'StockTrading' : 'unknown';
}

/** The scrip code; on BSE it is also the code within the id. */
function codeOf({ instrument: { id, exchange, bseCode } }: Listing): string {
  return bseCode ?? id.slice(exchange.length + 1);
}
