import { type Clock, MarketDataError } from '#domain';
import { HttpClient, type HttpClientOptions } from '../transports/http-client.js';
import type { GuardedCall } from '../transports/http-source.js';

/** The cookies of one visit to the site. */
export interface Visit {
  /** Value of the `Cookie` header; empty when the site gave none. */
  readonly cookie: string;
  /** By the clock that never runs backwards, ms. */
  readonly at: number;
}

export interface CookiesOptions extends Omit<HttpClientOptions, 'origin' | 'connections' | 'maxBytes'> {
  readonly page: URL;
}

/** The home page is some hundred kilobytes. */
const MAX_PAGE_BYTES = 8_388_608;
/** Cookies younger than this are not why a call was refused. */
const FRESH_MS = 60_000;

/** Visits the site as a browser does before it asks for quotes, and keeps its cookies until they are no longer accepted. */
export class BseCookies {
  /** The visit whose cookies are in use, or that is being paid. */
  private visit: Promise<Visit | MarketDataError> | undefined;
  private paid: Visit | undefined;

  constructor(
    private readonly options: CookiesOptions,
    private readonly clock: Clock,
  ) {}

  /** The cookies to send; all who ask before they have come share one visit. */
  current(call: GuardedCall): Promise<Visit | MarketDataError> {
    this.visit ??= this.pay(call);
    return this.visit;
  }

  /** A call with these cookies was refused. @returns whether new ones may help */
  refused(visit: Visit): boolean {
    // others may have told already, and a new visit be under way
    if (this.paid === visit) {
      this.paid = undefined;
      this.visit = undefined;
    }
    return this.clock.elapsed() - visit.at >= FRESH_MS;
  }

  private async pay(call: GuardedCall): Promise<Visit | MarketDataError> {
    const { page } = this.options;
    const visit = await call(async (): Promise<Visit> => {
      // a connection of its own: the site is another host than its quotes, and visited rarely
      const site = new HttpClient(
        { ...this.options, origin: page.origin, connections: 1, maxBytes: MAX_PAGE_BYTES },
        this.clock,
      );
      try {
        const { headers } = await site.get(`${page.pathname}${page.search}`, { Accept: 'text/html,*/*' });
        return { cookie: cookieOf(headers['set-cookie']), at: this.clock.elapsed() };
      } finally {
        await site.close();
      }
    });
    if (visit instanceof MarketDataError) this.visit = undefined;
    else this.paid = visit;
    return visit;
  }
}

/** `a=1; b=2` of the site's `Set-Cookie` lines; a cookie without a value is one taken back. */
function cookieOf(lines: string | string[] | undefined): string {
  const cookies = new Map<string, string>();
  for (const line of [lines ?? []].flat()) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(line) ?? [];
    if (name !== undefined && value) cookies.set(name, value.trim());
  }
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
