import { MarketDataError, type Instrument, type SnapshotSource } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { CreditBudget, type CreditLimit, DAY_MS } from '../transports/credit-budget.js';
import { HttpSource, type Outcome, type SteppedSourceOptions } from '../transports/http-source.js';
import { AlphaVantageCalls } from './alphavantage.calls.js';
import { AlphaVantageEnv } from './alphavantage.env.js';
import { LastBars } from './alphavantage.last-bars.js';
import { isAmerican } from './alphavantage.symbols.js';

const MINUTE_MS = 60_000;
/** A caller waits for the next minute, and a pause the vendor asks for until then is waited for. */
const LONGEST_WAIT_MS = 65_000;
/** Beyond the free plan no limit of a second is known. */
const FREE_BURST: CreditLimit = { credits: 1, ms: 1100, span: 'any' };
/** Alpha Vantage: quotes on request, one symbol a call, or a hundred where the plan has realtime US data. */
export const alphavantage = defineVendor({
  id: 'alphavantage',
  env: AlphaVantageEnv,
  connect(env, tools) {
    const budget = new CreditBudget('alphavantage', tools.clock, limitsOf(env), LONGEST_WAIT_MS, tools.turn);
    tools.meter.gauge('vendor_credits_left', 'Credits of the plan that may be spent now', () => budget.left(), {
      vendor: 'alphavantage',
    });
    const calls = new AlphaVantageCalls(env, budget, tools);
    const carries = (instrument: Instrument): boolean =>
      env.exchanges.includes(instrument.exchange) && calls.symbolOf(instrument) !== undefined;

    const bars = new LastBars(env.intraday, calls, budget, tools.clock);

    const single = new HttpSource(
      {
        ...common(env, budget),
        id: 'alphavantage',
        batchSize: 1,
        perCall: 1,
        carries,
        answer: async (call, instruments) => {
          const [instrument] = instruments as readonly [Instrument];
          const quote = await call((client) => calls.globalQuote(client, instrument), { credits: 1 });
          return [await bars.complete(call, instrument, quote)];
        },
      },
      tools,
    );
    const bulk = (): HttpSource =>
      new HttpSource(
        {
          ...common(env, budget),
          id: 'alphavantage-bulk',
          batchSize: env.symbolsPerCall,
          perCall: env.symbolsPerCall,
          carries: (instrument) => isAmerican(instrument.exchange) && carries(instrument),
          answer: async (call, instruments) => {
            const quotes = await call((client) => calls.bulkQuotes(client, instruments), { credits: 1 });
            if (quotes instanceof MarketDataError) return instruments.map(() => quotes);
            const outcomes: Outcome[] = [];
            for (const [i, quote] of quotes.entries())
              outcomes.push(await bars.complete(call, instruments[i] as Instrument, quote));
            return outcomes;
          },
        },
        tools,
      );
    // while the first is refused its symbols are asked for one by one
    const sources: SnapshotSource[] = env.entitlement === 'realtime' ? [bulk(), single] : [single];
    return { feeds: [], sources };
  },
});

function common(
  env: AlphaVantageEnv,
  budget: CreditBudget,
): Omit<SteppedSourceOptions, 'id' | 'batchSize' | 'perCall' | 'carries' | 'answer'> {
  return {
    vendor: 'alphavantage',
    isDelayed: env.entitlement !== 'realtime',
    origin: new URL(env.baseUrl).origin,
    headers: { Accept: 'application/json' },
    concurrency: 2,
    // the budget is the limit
    requestsPerSecond: 20,
    burst: 20,
    timeoutMs: env.timeoutMs,
    // a hundred quotes are 40 KB, a hundred bars 20
    maxBytes: 1_048_576,
    tries: 3,
    backoff: { baseMs: 500, maxMs: 8000 },
    breaker: { threshold: 5, openMs: 5000, maxOpenMs: 60_000 },
    refusedMs: 300_000,
    longestPauseMs: LONGEST_WAIT_MS,
    budget,
  };
}

function limitsOf({ requestsPerMinute, requestsPerDay, spreadDay }: AlphaVantageEnv): CreditLimit[] {
  const perMinute: CreditLimit = { credits: requestsPerMinute, ms: MINUTE_MS, span: 'any' };
  if (requestsPerDay === 0) return [perMinute];
  const limits = [FREE_BURST, perMinute, { credits: requestsPerDay, ms: DAY_MS, span: 'calendar' } as const];
  return spreadDay ? [...limits, { credits: 1, ms: DAY_MS / requestsPerDay, span: 'any' }] : limits;
}
