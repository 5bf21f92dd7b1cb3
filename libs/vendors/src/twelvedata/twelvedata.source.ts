import { VendorRateLimitError } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { CreditBudget, type CreditLimit, DAY_MS } from '../transports/credit-budget.js';
import { type HttpAnswer, HttpStatusError } from '../transports/http-client.js';
import { HttpSource } from '../transports/http-source.js';
import type { TwelveDataAccount } from './twelvedata.account.js';
import type { TwelveDataEnv } from './twelvedata.env.js';
import { creditsPauseMs, isErrorBody } from './twelvedata.failures.js';
import { parseQuotes } from './twelvedata.quotes.js';
import { symbolText } from './twelvedata.symbols.js';

/** The vendor counts by clock minutes; any stretch this long is within its limit whatever the clocks and the way there do. */
const MINUTE_MS = 61_000;
/** A caller waits for the next minute, and a pause the vendor asks for until then is waited for. */
const LONGEST_WAIT_MS = 65_000;

/** Quotes by HTTP: many in one call, each at the price of one credit. */
export function twelveDataSource(env: TwelveDataEnv, account: TwelveDataAccount, tools: VendorTools): HttpSource {
  const { apiKey, redact, carries, symbolOf } = account;
  const base = new URL(env.baseUrl);
  const path = `${base.pathname.replace(/\/$/, '')}/quote`;
  const perCall = Math.min(env.symbolsPerCall, env.creditsPerMinute, env.creditsPerDay || Infinity);
  const budget = new CreditBudget('twelvedata', tools.clock, limitsOf(env, perCall), LONGEST_WAIT_MS, tools.turn);
  tools.meter.gauge('vendor_credits_left', 'Credits of the plan that may be spent now', () => budget.left(), {
    vendor: 'twelvedata',
  });

  return new HttpSource(
    {
      id: 'twelvedata',
      vendor: 'twelvedata',
      origin: base.origin,
      headers: { Accept: 'application/json', Authorization: `apikey ${apiKey}` },
      batchSize: perCall,
      perCall,
      concurrency: 2,
      requestsPerSecond: 5,
      burst: 5,
      timeoutMs: env.timeoutMs,
      // a quote is 1 KB
      maxBytes: 1_048_576,
      tries: 3,
      backoff: { baseMs: 500, maxMs: 8000 },
      breaker: { threshold: 5, openMs: 5000, maxOpenMs: 60_000 },
      refusedMs: 300_000,
      longestPauseMs: LONGEST_WAIT_MS,
      budget,
      cost: (instruments) => instruments.length,
      pauseOf: (body) => creditsPauseMs(body, tools.clock.now()),
      carries,
      ask: async (client, instruments) => {
        const texts = instruments.map((instrument) => symbolText(symbolOf(instrument)));
        const decimals = Math.max(...instruments.map((instrument) => instrument.decimals));
        const query = `symbol=${texts.map(encodeURIComponent).join(',')}&dp=${decimals}`;
        const { headers, body } = await answerOf(() => client.get(`${path}?${query}`));
        // an unconfirmed header: without it we count for ourselves
        const left = headers['api-credits-left'];
        if (typeof left === 'string' && /^-?\d+$/.test(left)) budget.report(Number(left));
        const outcomes = parseQuotes(redact(body), instruments, texts, tools.clock.now());
        for (const outcome of outcomes)
          if (outcome instanceof VendorRateLimitError) budget.blockFor(outcome.retryAfterMs);
        return outcomes;
      },
    },
    tools,
  );
}

function limitsOf({ creditsPerMinute, creditsPerDay, spreadDay }: TwelveDataEnv, perCall: number): CreditLimit[] {
  const limits: CreditLimit[] = [{ credits: creditsPerMinute, ms: MINUTE_MS, span: 'any' }];
  if (creditsPerDay === 0) return limits;
  limits.push({ credits: creditsPerDay, ms: DAY_MS, span: 'calendar' });
  // one full call in each part of the day
  if (spreadDay) limits.push({ credits: perCall, ms: (DAY_MS * perCall) / creditsPerDay, span: 'any' });
  return limits;
}

/** An answer, also one with an HTTP status that is no success, if its body says what is wrong. */
async function answerOf(call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof HttpStatusError) || !isErrorBody(error.body)) throw error;
    return { status: error.status, headers: {}, body: error.body };
  }
}
