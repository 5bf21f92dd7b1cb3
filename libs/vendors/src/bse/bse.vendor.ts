import type { Instrument } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { HttpSource } from '../transports/http-source.js';
import { BseEnv } from './bse.env.js';
import { parseScripHeader } from './bse.parse.js';

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
  id: 'bse',
  env: BseEnv,
  connect(env, tools) {
    const base = new URL(env.baseUrl);
    const path = base.pathname.replace(/\/$/, '');
    const source = new HttpSource(
      {
        id: 'bse',
        vendor: 'bse',
        origin: base.origin,
        headers: BROWSER_HEADERS,
        batchSize: 20,
        perCall: 1,
        concurrency: env.concurrency,
        requestsPerSecond: env.requestsPerSecond,
        burst: env.burst,
        timeoutMs: env.timeoutMs,
        // an answer is 2 KB
        maxBytes: 262_144,
        tries: 3,
        backoff: { baseMs: 250, maxMs: 4000 },
        breaker: { threshold: 5, openMs: 5000, maxOpenMs: 60_000 },
        refusedMs: 300_000,
        longestPauseMs: 10_000,
        carries: ({ exchange, bseCode }) => exchange === 'BSE' && bseCode !== undefined,
        ask: async (client, instruments) => {
          const [instrument] = instruments as readonly [Instrument];
          const code = encodeURIComponent(instrument.bseCode ?? '');
          const answer = await client.get(`${path}/getScripHeaderData/w?Debtflag=&scripcode=${code}&seriesid=`);
          return [parseScripHeader(answer, instrument, tools.clock.now())];
        },
      },
      tools,
    );
    return { feeds: [], sources: [source] };
  },
});
