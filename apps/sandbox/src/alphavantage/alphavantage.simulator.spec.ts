import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEnv } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { SandboxEnv } from '../sandbox.env.js';

/** 10:00:10 in New York. */
const MORNING = Date.parse('2026-03-02T15:00:10.250Z');

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox(readEnv(SandboxEnv, { SANDBOX_PORT: '0' }), new ManualClock(MORNING));
});

afterEach(() => sandbox.close());

type Body = Record<string, unknown>;

async function ask(query: string, key = 'sandbox'): Promise<Body> {
  const response = await fetch(`${sandbox.url}/alphavantage/query?${query}&apikey=${key}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

const quote = (symbol: string, key?: string): Promise<Body> => ask(`function=GLOBAL_QUOTE&symbol=${symbol}`, key);

it('writes numbers as texts and days of the exchange', async () => {
  const { last, previousClose } = sandbox.market.listings.get('NASDAQ:AAPL')!;
  expect(await quote('AAPL')).toEqual({
    'Global Quote': expect.objectContaining({
      '01. symbol': 'AAPL',
      '05. price': last.toFixed(4),
      '07. latest trading day': '2026-03-02',
      '08. previous close': previousClose.toFixed(4),
      '10. change percent': expect.stringMatching(/^-?\d+\.\d{4}%$/),
    }),
  });
  expect(await quote('reliance.bse')).toMatchObject({ 'Global Quote': { '01. symbol': 'RELIANCE.BSE' } });
  expect(await quote('NOPE')).toEqual({ 'Global Quote': {} });
  const delayed = await ask('function=GLOBAL_QUOTE&symbol=AAPL&entitlement=delayed', 'delayed');
  expect(Object.keys(delayed)).toEqual(['Global Quote - DATA DELAYED BY 15 MINUTES']);
});

it('gives rows of at most a hundred symbols, with times of New York, and leaves out whom nobody knows', async () => {
  const many = ['AAPL', 'NOPE', ...Array.from({ length: 98 }, (_, i) => `X${i}`), 'MSFT'].join(',');
  const { data } = (await ask(`function=REALTIME_BULK_QUOTES&symbol=${many}`)) as { data: Body[] };
  expect(data).toMatchObject([{ symbol: 'AAPL', timestamp: '2026-03-02 10:00:10.250' }]);
});

it('gives bars newest first, in the zone it names', async () => {
  const body = await ask('function=TIME_SERIES_INTRADAY&symbol=AAPL&interval=1min');
  expect(body['Meta Data']).toMatchObject({ '6. Time Zone': 'US/Eastern' });
  const times = Object.keys(body['Time Series (1min)'] as Body);
  expect([times.length, times[0], times[1]]).toEqual([100, '2026-03-02 10:00:00', '2026-03-02 09:59:00']);
  expect(await ask('function=TIME_SERIES_INTRADAY&symbol=NOPE')).toHaveProperty('Error Message');
});

it('keeps a free key to its limits, and names it', async () => {
  await quote('AAPL', 'free');
  expect(await quote('AAPL', 'free')).toEqual({ Information: expect.stringContaining('1 request per second') });
  expect(await quote('AAPL', 'daily-quota')).toEqual({
    Information: expect.stringMatching(/detected your API key as daily-quota .* 25 requests per day/),
  });
  expect(sandbox.stats('alphavantage')).toMatchObject({ requests: 3, quotes: 1, limited: 2 });
});

it('refuses keys nobody has, functions it does not know, and data beyond the plan', async () => {
  expect(await quote('AAPL', 'nobody')).toEqual({ 'Error Message': expect.stringContaining('apikey is invalid') });
  expect(await ask('function=MAGIC')).toEqual({ 'Error Message': expect.stringContaining('documentation for MAGIC') });
  expect(await ask('function=REALTIME_BULK_QUOTES&symbol=AAPL', 'delayed')).toEqual({
    Information: expect.stringContaining('premium endpoint'),
  });
  expect(await ask('function=GLOBAL_QUOTE&symbol=AAPL&entitlement=realtime', 'free')).toHaveProperty('Information');
});
