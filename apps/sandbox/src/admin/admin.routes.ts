import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { type FaultSwitch, type Target, TARGETS } from '../faults.js';
import type { Listing } from '../market-model/listing.js';
import type { Market } from '../market-model/market.js';
import type { VendorSimulator } from '../simulator.js';
import { FaultRequest, PriceRequest } from './admin.dto.js';

const MAX_BODY_CHARS = 10_000;

/** A request the caller should not have made. */
class BadRequest extends Error {}

/** The sandbox's own routes: faults, statistics, true quotes, forced prices. */
export class AdminRoutes {
  constructor(
    private readonly market: Market,
    private readonly faults: FaultSwitch,
    private readonly simulators: readonly VendorSimulator[],
  ) {}

  /** False when the request is not for these routes. */
  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (!url.pathname.startsWith('/admin/')) return false;
    void this.answer(request, url)
      .then((content) => send(response, 200, content))
      .catch((error: unknown) =>
        send(response, error instanceof BadRequest ? 400 : 500, { error: (error as Error).message }),
      );
    return true;
  }

  private async answer(request: IncomingMessage, url: URL): Promise<unknown> {
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /admin/faults':
        return { faults: this.faults.list() };
      case 'POST /admin/faults': {
        const fault = await body(request, FaultRequest);
        if (fault.symbol !== undefined) this.listing(fault.symbol);
        this.faults.set(fault);
        return { faults: this.faults.list() };
      }
      case 'DELETE /admin/faults':
        this.faults.clear(targetOf(url));
        return { faults: this.faults.list() };
      case 'GET /admin/stats': {
        const vendors = Object.fromEntries(this.simulators.map((simulator) => [simulator.id, simulator.stats()]));
        return {
          phase: this.market.phase,
          instruments: this.market.listings.size,
          ticks: this.market.ticks,
          ...vendors,
        };
      }
      case 'GET /admin/quotes':
        return { quotes: this.quotes(url) };
      case 'POST /admin/price': {
        const { symbol, price } = await body(request, PriceRequest);
        this.market.print(this.listing(symbol).instrument.id, price);
        return trueQuote(this.listing(symbol));
      }
      default:
        throw new BadRequest(`there is no ${request.method} ${url.pathname}`);
    }
  }

  private quotes(url: URL): object[] {
    const symbols = url.searchParams.get('symbols')?.split(',') ?? [...this.market.listings.keys()];
    return symbols.map((symbol) => trueQuote(this.listing(symbol)));
  }

  private listing(symbol: string): Listing {
    const listing = this.market.listings.get(symbol);
    if (listing === undefined) throw new BadRequest(`no instrument is called ${JSON.stringify(symbol)}`);
    return listing;
  }
}

/** Everything the vendors tell, in one shape and without their faults. */
function trueQuote(listing: Listing): object {
  const { instrument, last, bid, ask, bidSize, askSize, lastSize, volume, averagePrice } = listing;
  const { open, high, low, previousClose, lowerCircuit, upperCircuit, tradedAt, changedAt } = listing;
  return {
    symbol: instrument.id,
    price: last,
    bid,
    ask,
    bidSize,
    askSize,
    lastSize,
    volume,
    averagePrice,
    open,
    high,
    low,
    previousClose,
    lowerCircuit,
    upperCircuit,
    tradedAt,
    changedAt,
  };
}

function targetOf(url: URL): Target | undefined {
  const target = url.searchParams.get('target');
  if (target === null) return undefined;
  if (!(TARGETS as readonly string[]).includes(target))
    throw new BadRequest(`target must be one of ${TARGETS.join(', ')}`);
  return target as Target;
}

async function body<T extends object>(request: IncomingMessage, type: new () => T): Promise<T> {
  const given = await text(request);
  if (given.length > MAX_BODY_CHARS) throw new BadRequest('the body is too large');
  const value = plainToInstance(type, parse(given));
  const problems = validateSync(value, { whitelist: true, forbidNonWhitelisted: true });
  if (problems.length === 0) return value;
  throw new BadRequest(problems.flatMap(({ constraints = {} }) => Object.values(constraints)).join('; '));
}

function parse(given: string): object {
  try {
    const value: unknown = JSON.parse(given);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // told below, together with values that are no objects
  }
  throw new BadRequest('the body must be a JSON object');
}

function send(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(content)}\n`);
}
