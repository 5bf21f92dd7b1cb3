import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Listing } from '../market-model/listing.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { headerBody, HTML_SHELL, tradingBody } from './bse.bodies.js';

const PREFIX = '/BseIndiaAPI/api/';
const BROWSER = /Mozilla\/5\.0 .*(Chrome|Firefox|Safari)\//;

/** The quote routes of bseindia.com, with its manners: no browser headers, no answer; an unknown route is a page. */
export class BseSimulator implements VendorSimulator {
  readonly id = 'bse';
  private readonly counts = { requests: 0, quotes: 0, refused: 0 };
  private readonly byCode: ReadonlyMap<string, Listing>;

  constructor(private readonly tools: SimulatorTools) {
    const listings = [...tools.market.listings.values()].filter(({ instrument }) => instrument.exchange === 'BSE');
    this.byCode = new Map(listings.map((listing) => [listing.instrument.bseCode ?? '', listing]));
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (!url.pathname.startsWith(PREFIX)) return false;
    this.counts.requests++;
    const { faults, clock } = this.tools;
    if (faults.strikes('bse', 'disconnect')) {
      request.socket.destroy();
      return true;
    }
    // accepted and never answered; the socket closes when the fault is lifted or the client gives up
    if (faults.strikes('bse', 'stall')) return true;
    const late = faults.strikes('bse', 'delay');
    if (late === undefined) this.answer(request, url, response);
    else clock.after(late.ms ?? 0, () => this.answer(request, url, response));
    return true;
  }

  stats(): Readonly<Record<string, number>> {
    return this.counts;
  }

  close(): void {
    // requests end with the HTTP server
  }

  private answer(request: IncomingMessage, url: URL, response: ServerResponse): void {
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
    const route = url.pathname.slice(PREFIX.length);
    if (route !== 'getScripHeaderData/w' && route !== 'StockTrading/w') {
      return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(HTML_SHELL);
    }
    const body = this.body(route, url.searchParams.get('scripcode') ?? '');
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(body);
  }

  /** Empty for a code nobody has. */
  private body(route: string, code: string): string {
    const { faults, clock } = this.tools;
    const listing = this.byCode.get(code);
    if (listing === undefined) return '';
    this.counts.quotes++;
    const price = faults.price('bse', listing.instrument.id, listing.last);
    const text = JSON.stringify(
      route === 'StockTrading/w' ? tradingBody(listing) : headerBody(listing, price, clock.now()),
    );
    return faults.strikes('bse', 'malformed') === undefined ? text : text.slice(0, text.length / 2);
  }
}
