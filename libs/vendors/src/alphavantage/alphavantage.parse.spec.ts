import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarketDataError, SourceFailedError, type Tick, tick, VendorFrameError, VendorRateLimitError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';
import { NoQuoteError } from './alphavantage.body.js';
import { parseIntraday } from './alphavantage.intraday.js';
import { parseBulkQuotes, parseGlobalQuote } from './alphavantage.quotes.js';
import { plainSymbol } from './alphavantage.symbols.js';
import { zonedTime } from './alphavantage.times.js';
import bulkQuotes from './fixtures/bulk-quotes.json' with { type: 'json' };
import failures from './fixtures/failures.json' with { type: 'json' };
import globalQuote from './fixtures/global-quote.json' with { type: 'json' };
import intraday from './fixtures/intraday.json' with { type: 'json' };

const NOW = Date.parse('2026-03-02T15:00:00Z');
const msft = anInstrument({ id: 'NASDAQ:MSFT', tickSize: 0.01, currency: 'USD' });
const base = { instrument: 'NASDAQ:MSFT', vendor: 'alphavantage', receivedAt: NOW };
const named = (...tickers: string[]): (typeof msft)[] =>
  tickers.map((ticker) => anInstrument({ id: `NASDAQ:${ticker}` }));

const quote = (body: unknown): Tick => parseGlobalQuote(JSON.stringify(body), msft, NOW);
const bar = (body: unknown): Tick => parseIntraday(JSON.stringify(body), msft, NOW);
const bulk = (body: unknown, ...tickers: string[]): unknown =>
  parseBulkQuotes(JSON.stringify(body), named(...tickers), tickers, NOW);

describe('a quote', () => {
  it('is texts under numbered keys, of a trading day of New York', () => {
    const expected = tick({
      ...base,
      eventTime: Date.parse('2018-10-05T00:00:00-04:00'),
      eventTimeStep: 86_400_000,
      price: 112.13,
      volume: 29_062_853,
      open: 112.63,
      high: 113.17,
      low: 110.64,
      previousClose: 112.79,
    });
    expect(quote(globalQuote)).toEqual(expected);
    expect(quote({ 'Global Quote - DATA DELAYED BY 15 MINUTES': globalQuote['Global Quote'] })).toEqual(expected);
  });

  it('that is empty or has the price 0 is none', () => {
    for (const body of [{}, { 'Global Quote': {} }, { 'Global Quote': { '05. price': '0.0000' } }])
      expect(() => quote(body)).toThrow(NoQuoteError);
  });

  it.each([
    '',
    '<html>Bad Gateway</html>',
    'null',
    '[]',
    '{"x":1}',
    '{"Global Quote":[]}',
    '{"Global Quote":{"05. price":{}}}',
  ])('that is %j cannot be read', (text) => {
    expect(() => parseGlobalQuote(text, msft, NOW)).toThrow(VendorFrameError);
  });
});

describe('quotes of many', () => {
  it('are known by their symbols, in any order, with times of New York to the millisecond', () => {
    expect(bulk({ data: bulkQuotes.data.toReversed() }, 'AAPL', 'IBM')).toEqual([
      tick({
        ...base,
        instrument: 'NASDAQ:AAPL',
        eventTime: Date.parse('2025-10-14T19:59:51.207-04:00'),
        price: 247.77,
        volume: 35_478_102,
        open: 246.6,
        high: 248.84,
        low: 244.7,
        previousClose: 247.66,
      }),
      expect.objectContaining({ instrument: 'NASDAQ:IBM', price: 276.15 }),
    ]);
  });

  it('may lack a price, a row, or everything in a row', () => {
    const data = [...bulkQuotes.data, { symbol: 'BLANK', close: 'N/A', previous_close: '' }, null, { symbol: 4 }];
    const [quiet, blank, gone] = bulk({ data }, 'QUIET', 'BLANK', 'GONE') as [Tick, unknown, unknown];
    expect(quiet).toMatchObject({ price: undefined, previousClose: 12.4, volume: 0 });
    expect(blank).toBeInstanceOf(NoQuoteError);
    expect(gone).toBeInstanceOf(NoQuoteError);
  });

  it('without rows cannot be read', () => {
    expect(() => bulk({ data: {} }, 'AAPL')).toThrow(VendorFrameError);
  });
});

describe('bars', () => {
  it('give the close of the newest, wherever it stands, and when it began', () => {
    const expected = tick({
      ...base,
      eventTime: Date.parse('2017-12-18T14:56:00-05:00'),
      eventTimeStep: 60_000,
      price: 86.5,
    });
    expect(bar(intraday)).toEqual(expected);
    const series = Object.fromEntries(Object.entries(intraday['Time Series (1min)']).toReversed());
    expect(bar({ 'Time Series (1min)': series })).toEqual(expected);
  });

  it('may be none', () => {
    expect(() => bar({ 'Time Series (1min)': {} })).toThrow(NoQuoteError);
    expect(() => bar({ 'Time Series (1min)': { '2017-12-18 14:56:00': { '4. close': '0' } } })).toThrow(NoQuoteError);
  });

  it.each([
    {},
    { 'Time Series (1min)': [] },
    { 'Time Series (1min)': { x: {} } },
    { 'Time Series (1min)': { '2017-12-18': 4 } },
  ])('that are %j cannot be read', (body) => {
    expect(() => bar(body)).toThrow(VendorFrameError);
  });
});

describe('a failure', () => {
  it.each([
    [0, VendorRateLimitError, { retryAfterMs: 1100 }],
    [1, VendorRateLimitError, { retryAfterMs: 3_600_000 }],
    [2, VendorRateLimitError, { retryAfterMs: 3_600_000 }],
    [3, VendorRefusedError, {}],
    [4, VendorRefusedError, {}],
    [5, VendorRateLimitError, { retryAfterMs: 60_000 }],
    [6, VendorRefusedError, {}],
    [7, SourceFailedError, { retryable: false }],
    [8, NoQuoteError, {}],
    [9, NoQuoteError, {}],
  ])('with HTTP 200, number %s of the samples, is told from data', (i, type, properties) => {
    const error = thrownBy(() => quote(failures[i]));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject(properties);
  });

  it('of a burst is one though it advertises the limit of the day, and one of a minute though it names the day', () => {
    const burst =
      'Please consider spreading out your free API requests more sparingly (1 request per second). (25 requests per day)';
    expect(thrownBy(() => quote({ Information: burst }))).toMatchObject({ retryAfterMs: 1100 });
    const minute = 'Our standard API call frequency is 5 calls per minute and 500 calls per day.';
    expect(thrownBy(() => quote({ Note: minute }))).toMatchObject({ retryAfterMs: 60_000 });
  });

  it('in words not known yet is a pause, not data', () => {
    expect(thrownBy(() => quote({ Information: 'Something new.', ...globalQuote }))).toBeInstanceOf(
      VendorRateLimitError,
    );
  });
});

describe('the time of a zone', () => {
  it.each([
    ['2024-10-30 19:59:53.814', 'America/New_York', '2024-10-30T23:59:53.814Z'],
    ['2024-11-03 00:59:59', 'America/New_York', '2024-11-03T04:59:59.000Z'],
    ['2024-11-03 02:00:00', 'America/New_York', '2024-11-03T07:00:00.000Z'],
    ['2025-03-09 01:59:59.5', 'US/Eastern', '2025-03-09T06:59:59.500Z'],
    ['2025-03-09 03:00:00', 'US/Eastern', '2025-03-09T07:00:00.000Z'],
    ['2026-03-02', 'Asia/Kolkata', '2026-03-01T18:30:00.000Z'],
    ['2024-02-29 00:00:00', 'America/New_York', '2024-02-29T05:00:00.000Z'],
  ])('reads %s in %s', (text, zone, expected) => {
    expect(new Date(zonedTime(text, zone)!).toISOString()).toBe(expected);
  });

  it.each(['', 'now', '2025-02-30', '2025-13-01 00:00:00', '2025-01-01 24:00:00', '2025-01-01T00:00:00Z', 5, null])(
    'is none for %j',
    (text) => {
      expect(zonedTime(text, 'America/New_York')).toBeUndefined();
    },
  );

  it('is none in a zone nobody knows', () => {
    expect(zonedTime('2025-01-01', 'Moon/Crater')).toBeUndefined();
  });

  it('is what the clocks there show', () => {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'America/New_York',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const seconds = fc.integer({ min: Date.parse('1990-01-01') / 1000, max: Date.parse('2040-01-01') / 1000 });
    fc.assert(
      fc.property(seconds, (at) => {
        const text = format.format(at * 1000);
        const read = zonedTime(text, 'America/New_York')!;
        // of the two hours with one name it may be the other
        expect(format.format(read)).toBe(text);
        expect([0, 3_600_000]).toContain(Math.abs(read - at * 1000));
      }),
      { numRuns: 300 },
    );
  });
});

it('names an instrument as the vendor does', () => {
  expect(named('IBM').map(plainSymbol)).toEqual(['IBM']);
  expect(plainSymbol(anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE' }))).toBe('RELIANCE.BSE');
  expect(plainSymbol(anInstrument({ id: 'LSE:TSCO' }))).toBeUndefined();
});

it('survives any answer', () => {
  const text = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .record(
        {
          'Global Quote': fc.oneof(
            fc.jsonValue(),
            fc.record({
              '05. price': fc.jsonValue(),
              '06. volume': fc.jsonValue(),
              '07. latest trading day': fc.jsonValue(),
            }),
          ),
          'Time Series (1min)': fc.oneof(
            fc.jsonValue(),
            fc.dictionary(
              fc.constantFrom('2017-12-18 14:56:00', '__proto__', 'x'),
              fc.oneof(fc.jsonValue(), fc.record({ '4. close': fc.jsonValue() })),
            ),
          ),
          'Meta Data': fc.oneof(fc.jsonValue(), fc.record({ '6. Time Zone': fc.jsonValue() })),
          data: fc.oneof(
            fc.jsonValue(),
            fc.array(
              fc.record({
                symbol: fc.constantFrom('MSFT', 4),
                close: fc.jsonValue(),
                timestamp: fc.jsonValue(),
                previous_close: fc.jsonValue(),
              }),
            ),
          ),
          Information: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );
  const readers = [
    (body: string) => [parseGlobalQuote(body, msft, NOW)],
    (body: string) => [parseIntraday(body, msft, NOW)],
    (body: string) => parseBulkQuotes(body, [msft], ['MSFT'], NOW),
  ];
  fc.assert(
    fc.property(text, fc.constantFrom(...readers), (body, read) => {
      try {
        for (const outcome of read(body)) {
          if (outcome instanceof MarketDataError) continue;
          expect(
            Object.values(outcome)
              .filter((value) => typeof value === 'number')
              .every(Number.isFinite),
          ).toBe(true);
          expect(outcome.price).not.toBe(0);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(SourceFailedError);
        if (error instanceof VendorFrameError) expect(error.sample.length).toBeLessThanOrEqual(200);
      }
    }),
    { numRuns: 1000 },
  );
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
