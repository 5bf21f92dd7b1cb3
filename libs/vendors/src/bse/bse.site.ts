import { MarketDataError, SourceFailedError } from '#domain';
import { type HttpAnswer, type HttpClient, HttpStatusError } from '../transports/http-client.js';
import type { GuardedCall } from '../transports/http-source.js';
import type { BseCookies, Visit } from './bse.cookies.js';
import { VENDOR } from './bse.body.js';

export type Route = 'getScripHeaderData' | 'StockTrading' | 'MarketDepth' | 'StockReachGraph';

/** Turns an answer into what it says. */
type Read<T> = (answer: HttpAnswer) => T;

/** The cookies have been accepted before and are no longer: nothing is wrong with the vendor, and new ones may help. */
class CookiesRefusedError extends SourceFailedError {
  constructor() {
    super(VENDOR, 'cookies no longer accepted', { retryable: false });
  }
}

/** The routes behind the pages of bseindia.com, with the site's cookies where these are wanted. */
export class BseSite {
  constructor(
    /** Path of all routes, without a slash at the end. */
    private readonly path: string,
    private readonly cookies: BseCookies | undefined,
  ) {}

  /** One answer, each call for it guarded: what `read` makes of it, or why there is none. Never rejects. */
  async ask<T>(
    call: GuardedCall,
    route: Route,
    query: Readonly<Record<string, string>>,
    read: Read<T>,
  ): Promise<T | MarketDataError> {
    const path = `${this.path}/${route}/w?${new URLSearchParams(query).toString()}`;
    // without the header there is no quote; without the others there is less of one
    const isSide = route !== 'getScripHeaderData';
    const answer = await this.visit(call, path, read, isSide);
    return answer instanceof CookiesRefusedError ? this.visit(call, path, read, isSide) : answer;
  }

  private async visit<T>(
    call: GuardedCall,
    path: string,
    read: Read<T>,
    isSide: boolean,
  ): Promise<T | MarketDataError> {
    if (this.cookies === undefined) return call(async (client) => read(await client.get(path)), { isSide });
    const visit = await this.cookies.current(call);
    if (visit instanceof MarketDataError) return visit;
    const { cookies } = this;
    return call(async (client) => read(await getAs(visit, cookies, client, path)), { isSide });
  }
}

/** @throws CookiesRefusedError for a refusal that new cookies may lift; a refusal of new ones is the vendor's last word */
async function getAs(visit: Visit, cookies: BseCookies, client: HttpClient, path: string): Promise<HttpAnswer> {
  try {
    return await client.get(path, visit.cookie === '' ? {} : { Cookie: visit.cookie });
  } catch (error) {
    const isRefusal = error instanceof HttpStatusError && error.status === 403;
    if (isRefusal && cookies.refused(visit)) throw new CookiesRefusedError();
    throw error;
  }
}
