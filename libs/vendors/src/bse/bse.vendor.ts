import { defineVendor } from '../define-vendor.js';
import { HttpSource } from '../transports/http-source.js';
import { VENDOR } from './bse.body.js';
import { BseCookies } from './bse.cookies.js';
import { BseEnv } from './bse.env.js';
import { BseQuotes } from './bse.quotes.js';
import { BseSite } from './bse.site.js';

/** What bseindia.com's own pages send; without them the answer is HTTP 403 or an empty body. */
const BROWSER_HEADERS = {
  Accept: 'application/json, text/plain, */*',
  'Accept-Language': 'en-US,en;q=0.9',
  Origin: 'https://www.bseindia.com',
  Referer: 'https://www.bseindia.com/',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
};

/** Quotes of the BSE website's own routes: one scrip a call, no published limit, no promise. */
export const bse = defineVendor({
  id: VENDOR,
  env: BseEnv,
  connect(env, tools) {
    const base = new URL(env.baseUrl);
    const caller = { vendor: VENDOR, headers: BROWSER_HEADERS, timeoutMs: env.timeoutMs };
    const cookies = env.cookies ? new BseCookies({ ...caller, page: new URL(env.wwwUrl) }, tools.clock) : undefined;
    const quotes = new BseQuotes(new BseSite(base.pathname.replace(/\/$/, ''), cookies), env, tools.clock);
    const source = new HttpSource(
      {
        ...caller,
        id: VENDOR,
        origin: base.origin,
        batchSize: 20,
        perCall: 1,
        concurrency: env.concurrency,
        requestsPerSecond: env.requestsPerSecond,
        burst: env.burst,
        // a quote is 2 KB, a day's graph 30
        maxBytes: 262_144,
        tries: 3,
        backoff: { baseMs: 250, maxMs: 4000 },
        breaker: { threshold: 5, openMs: 5000, maxOpenMs: 60_000 },
        refusedMs: 300_000,
        longestPauseMs: 10_000,
        carries: ({ exchange, bseCode }) => exchange === 'BSE' && bseCode !== undefined,
        answer: (call, instruments) => Promise.all(instruments.map((instrument) => quotes.quote(call, instrument))),
      },
      tools,
    );
    return { feeds: [], sources: [source] };
  },
});
