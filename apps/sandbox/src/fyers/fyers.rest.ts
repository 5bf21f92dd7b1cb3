import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { SimulatorTools } from '../simulator.js';
import { CallLimit } from './call-limit.js';
import { authorizationFault } from './fyers.credentials.js';
import { type FyersListing, symbolFile } from './fyers.listings.js';

const PREFIX = '/fyers/';
const SYMBOL_TOKEN = `${PREFIX}data/symbol-token`;
const SYMBOL_FILE = /^\/fyers\/sym_details\/(NSE|BSE)_CM\.csv$/;
const MAX_SYMBOLS = 500;
const MAX_BODY = 262_144;
/** One app's budget over all routes. */
const LIMITS = [
  { calls: 10, withinMs: 1000 },
  { calls: 200, withinMs: 60_000 },
];

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '{"s":"ok","validSymbol":[1,2]}',
  () => '<html><body>Gateway</body></html>',
  () => '{"s":"ok","code":200}',
];

/** The vendor's route that names the stream's topics, and its symbol files. */
export class FyersRest {
  readonly counts = { requests: 0, rateLimited: 0 };
  private readonly limit: CallLimit;
  private readonly mangler = new Mangler(MALFORMED);
  private readonly bySymbol: ReadonlyMap<string, FyersListing>;

  constructor(
    private readonly tools: SimulatorTools,
    private readonly listings: readonly FyersListing[],
  ) {
    this.limit = new CallLimit(LIMITS, tools.clock);
    this.bySymbol = new Map(listings.map((listing) => [listing.symbol, listing]));
  }

  request(request: IncomingMessage, { pathname }: URL, response: ServerResponse): boolean {
    if (!pathname.startsWith(PREFIX)) return false;
    const exchange = SYMBOL_FILE.exec(pathname)?.[1];
    if (exchange !== undefined) {
      const rows = this.listings.filter(({ listing }) => listing.instrument.exchange === exchange);
      response.writeHead(200, { 'Content-Type': 'text/csv' }).end(symbolFile(rows));
      return true;
    }
    this.counts.requests++;
    const { faults } = this.tools;
    if (faults.strikes('fyers', 'disconnect')) {
      request.socket.destroy();
      return true;
    }
    if (faults.strikes('fyers', 'stall')) return true;
    void this.take(request, pathname, response);
    return true;
  }

  private async take(request: IncomingMessage, path: string, response: ServerResponse): Promise<void> {
    const { faults, clock } = this.tools;
    const late = faults.strikes('fyers', 'delay');
    const body = await readBody(request);
    if (late === undefined) this.answer(request, path, body, response);
    else clock.after(late.ms ?? 0, () => this.answer(request, path, body, response));
  }

  private answer(request: IncomingMessage, path: string, body: string, response: ServerResponse): void {
    const { faults, clock } = this.tools;
    const limited = faults.strikes('fyers', 'rate-limit');
    const waitMs = limited === undefined ? this.limit.take() : (limited.retryAfterSeconds ?? 5) * 1000;
    if (waitMs > 0) {
      this.counts.rateLimited++;
      response.setHeader('Retry-After', Math.ceil(waitMs / 1000)).setHeader('X-Retry-After-Ms', waitMs);
      return refuse(response, 429, -429, 'request limit reached');
    }
    const broken = faults.strikes('fyers', 'error');
    if (broken !== undefined) return refuse(response, broken.status ?? 500, -50, 'something went wrong');
    const fault = authorizationFault(request.headers.authorization, clock.now());
    if (fault !== undefined) return refuse(response, 401, fault, 'Could not authenticate the user');
    if (path !== SYMBOL_TOKEN || request.method !== 'POST') return refuse(response, 404, -50, 'no such route');
    const symbols = symbolsIn(body);
    if (symbols === undefined || symbols.length > MAX_SYMBOLS) {
      return refuse(response, 400, -50, `symbols must be a list of 1 to ${MAX_SYMBOLS}`);
    }
    const text = JSON.stringify(this.tokens(symbols));
    const sent = faults.strikes('fyers', 'malformed') === undefined ? text : this.mangler.mangle(text);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(sent);
  }

  private tokens(symbols: readonly string[]): object {
    const validSymbol: Record<string, string> = {};
    const invalidSymbol: string[] = [];
    // in another order than asked, as the vendor does
    for (const symbol of symbols.toReversed()) {
      const token = this.bySymbol.get(symbol)?.fyToken;
      if (token === undefined) invalidSymbol.push(symbol);
      else validSymbol[symbol] = token;
    }
    if (Object.keys(validSymbol).length === 0) return { s: 'error', code: -300, message: 'Invalid symbol provided' };
    return { s: 'ok', code: 200, message: '', validSymbol, invalidSymbol };
  }
}

function refuse(response: ServerResponse, httpStatus: number, code: number, message: string): void {
  response
    .writeHead(httpStatus, { 'Content-Type': 'application/json' })
    .end(JSON.stringify({ s: 'error', code, message }));
}

/** Symbols asked for; undefined when the body is no such wish. */
function symbolsIn(body: string): string[] | undefined {
  try {
    const { symbols } = JSON.parse(body) as { symbols?: unknown };
    const isList = Array.isArray(symbols) && symbols.length > 0;
    return isList && symbols.every((symbol) => typeof symbol === 'string') ? (symbols as string[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Text of a request's body; empty when it breaks off or is too long. */
async function readBody(request: IncomingMessage): Promise<string> {
  try {
    let text = '';
    for await (const chunk of request) {
      text += String(chunk);
      if (text.length > MAX_BODY) return '';
    }
    return text;
  } catch {
    return '';
  }
}
