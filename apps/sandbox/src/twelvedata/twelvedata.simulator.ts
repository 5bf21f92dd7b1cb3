import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { PLANS, TwelveDataAccount } from './twelvedata.account.js';
import { type ErrorBody, errorBody, noCredits, quoteBody, unknownSymbol, WRONG_KEY } from './twelvedata.bodies.js';
import { TwelveDataListings } from './twelvedata.listings.js';
import { TwelveDataStream } from './twelvedata.stream.js';

const PREFIX = '/twelvedata';
const STREAM = `${PREFIX}/v1/quotes/price`;
const ROUTES = new Set(['/quote', '/price', '/api_usage']);
const MAX_SYMBOLS = 120;

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '\u0000\u0001 not json {{{',
  () => '{"close":{"x":1},"price":[]}',
  () => '[]',
];

/** api.twelvedata.com and its stream: keys with plans, credits by the clock minute, errors in the vendor's own words. */
export class TwelveDataSimulator implements VendorSimulator {
  readonly id = 'twelvedata';
  /** `limited`: for want of credits; `refused`: for the key. */
  private readonly counts = { requests: 0, quotes: 0, credits: 0, limited: 0, refused: 0, unknown: 0 };
  private readonly accounts: ReadonlyMap<string, TwelveDataAccount>;
  private readonly listings: TwelveDataListings;
  private readonly stream: TwelveDataStream;
  private readonly mangler = new Mangler(MALFORMED);

  /** @param idleMs how long a stream's client may send no heartbeat */
  constructor(
    private readonly tools: SimulatorTools,
    idleMs = 60_000,
  ) {
    this.accounts = new Map([...PLANS].map(([key, plan]) => [key, new TwelveDataAccount(plan, tools.clock)]));
    this.listings = new TwelveDataListings(tools.market.listings.values());
    this.stream = new TwelveDataStream(tools, this.listings, idleMs);
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (!url.pathname.startsWith(`${PREFIX}/`)) return false;
    this.counts.requests++;
    const { faults, clock } = this.tools;
    if (faults.strikes('twelvedata', 'disconnect') !== undefined) {
      request.socket.destroy();
      return true;
    }
    // accepted and never answered
    if (faults.strikes('twelvedata', 'stall') !== undefined) return true;
    const late = faults.strikes('twelvedata', 'delay');
    if (late === undefined) this.answer(request, url, response);
    else clock.after(late.ms ?? 0, () => this.answer(request, url, response));
    return true;
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    if (url.pathname !== STREAM) return false;
    this.stream.upgrade(request, url, socket, head);
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return {
      TWELVEDATA_BASE_URL: `${url}${PREFIX}`,
      TWELVEDATA_STREAM_URL: `${url.replace('http', 'ws')}${STREAM}`,
      TWELVEDATA_SECRET_API_KEY: 'sandbox',
      TWELVEDATA_CREDITS_PER_MINUTE: '610',
      TWELVEDATA_CREDITS_PER_DAY: '0',
      TWELVEDATA_SYMBOLS_PER_SOCKET: '500',
      TWELVEDATA_SOCKETS: '3',
    };
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts, ...this.stream.stats() };
  }

  close(): void {
    this.stream.close();
  }

  private answer(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const { faults } = this.tools;
    const broken = faults.strikes('twelvedata', 'error');
    if (broken !== undefined) {
      const code = broken.status ?? 500;
      return send(response, code, errorBody(code, 'Internal server error. Please try again later.'));
    }
    const limited = faults.strikes('twelvedata', 'rate-limit');
    if (limited !== undefined) {
      this.counts.limited++;
      const { retryAfterSeconds } = limited;
      const headers: Record<string, string> =
        retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
      return send(response, 429, noCredits('minute', 9, 8), headers);
    }
    const account = this.accounts.get(keyOf(request, url));
    if (account === undefined) {
      this.counts.refused++;
      return send(response, 401, WRONG_KEY);
    }
    const route = url.pathname.slice(PREFIX.length);
    if (!ROUTES.has(route)) return send(response, 404, errorBody(404, 'The requested endpoint was not found.'));
    if (route === '/api_usage') return send(response, 200, account.usage());
    this.answerSymbols(account, route, url.searchParams, response);
  }

  private answerSymbols(
    account: TwelveDataAccount,
    route: string,
    query: URLSearchParams,
    response: ServerResponse,
  ): void {
    const symbols = (query.get('symbol') ?? '').split(',').filter((symbol) => symbol !== '');
    const isPartial = account.plan.isPartial === true && symbols.length > 1;
    const refusal = refusalOf(symbols) ?? (isPartial ? undefined : this.spend(account, symbols.length));
    if (refusal !== undefined) return send(response, refusal.code, refusal, account.headers());
    const parts = symbols.map((symbol): [string, object] => {
      const refused = isPartial ? this.spend(account, 1) : undefined;
      return [symbol, refused ?? this.part(route, symbol, query)];
    });
    // one symbol is answered flat; the status of several is good whatever became of each
    const body = symbols.length === 1 ? (parts[0]?.[1] ?? {}) : Object.fromEntries(parts);
    const status = 'code' in body && typeof body.code === 'number' ? body.code : 200;
    const text = JSON.stringify(body);
    const isMalformed = this.tools.faults.strikes('twelvedata', 'malformed') !== undefined;
    const headers = { ...account.headers(), ...(symbols.length > 1 && { Is_batch: 'true' }) };
    send(response, status, isMalformed ? this.mangler.mangle(text) : text, headers);
  }

  private spend(account: TwelveDataAccount, credits: number): ErrorBody | undefined {
    const refusal = account.spend(credits);
    if (refusal === undefined) this.counts.credits += credits;
    else this.counts.limited++;
    return refusal;
  }

  private part(route: string, symbol: string, query: URLSearchParams): object {
    const listing = this.listings.find(symbol, query.get('exchange') ?? undefined);
    if (listing === undefined) {
      this.counts.unknown++;
      return unknownSymbol(symbol);
    }
    this.counts.quotes++;
    const price = this.tools.faults.price('twelvedata', listing.instrument.id, listing.last);
    const decimals = Number(query.get('dp') ?? 5);
    return route === '/price' ? { price: price.toFixed(decimals) } : quoteBody(listing, price, decimals);
  }
}

function refusalOf(symbols: readonly string[]): ErrorBody | undefined {
  if (symbols.length === 0) return errorBody(400, '**symbol** parameter is missing. Please specify it.');
  return symbols.length > MAX_SYMBOLS
    ? errorBody(414, `The maximum number of values in **symbol** is ${MAX_SYMBOLS}.`)
    : undefined;
}

function keyOf({ headers }: IncomingMessage, url: URL): string {
  return /^apikey (.+)$/.exec(headers.authorization ?? '')?.[1] ?? url.searchParams.get('apikey') ?? '';
}

function send(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
}
