import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarketDataError, SourceFailedError, tick, VendorFrameError, VendorRateLimitError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';
import error401 from './fixtures/error-401.json' with { type: 'json' };
import error429 from './fixtures/error-429.json' with { type: 'json' };
import quote from './fixtures/quote.json' with { type: 'json' };
import quotes from './fixtures/quotes.json' with { type: 'json' };
import { failureOf } from './twelvedata.failures.js';
import { parseQuotes } from './twelvedata.quotes.js';

const NOW = Date.parse('2025-10-14T20:00:40Z');
const aapl = anInstrument({ id: 'NASDAQ:AAPL', currency: 'USD', tickSize: 0.01 });
const nope = anInstrument({ id: 'NASDAQ:NOPE' });
const TEXTS = ['AAPL:NASDAQ', 'NOPE:NASDAQ'];

const read = (body: unknown): unknown => parseQuotes(JSON.stringify(body), [aapl, nope], TEXTS, NOW);
const readOne = (body: unknown): unknown => parseQuotes(JSON.stringify(body), [aapl], ['AAPL:NASDAQ'], NOW);

const AAPL_TICK = tick({
  instrument: 'NASDAQ:AAPL',
  vendor: 'twelvedata',
  receivedAt: NOW,
  eventTime: Date.parse('2025-10-14T19:59:00Z'),
  eventTimeStep: 60_000,
  price: 247.77,
  volume: 35_478_100,
  open: 246.6,
  high: 248.84,
  low: 244.7,
  previousClose: 247.66,
});

describe('the answer to a call', () => {
  it('for one symbol is the quote itself: texts to numbers, prices to cents, the last minute bar as its time', () => {
    expect(readOne(quote)).toEqual([AAPL_TICK]);
  });

  it('for several has a part each, and a part that failed fails alone', () => {
    const [first, second] = read(quotes) as [unknown, SourceFailedError];
    expect(first).toEqual(AAPL_TICK);
    expect(second).toMatchObject({ message: 'twelvedata: **symbol** not found: NOPE.', retryable: false });
  });

  it('may leave a symbol out', () => {
    expect(read({ 'AAPL:NASDAQ': quote })).toMatchObject([
      AAPL_TICK,
      { message: 'twelvedata: no quote of NASDAQ:NOPE', retryable: false },
    ]);
  });

  it('may run out of credits half way', () => {
    const [first, second] = read({ 'AAPL:NASDAQ': quote, 'NOPE:NASDAQ': error429 }) as [unknown, unknown];
    expect(first).toEqual(AAPL_TICK);
    expect(second).toBeInstanceOf(VendorRateLimitError);
  });

  it('for all symbols alike is the failure of the call', () => {
    expect(() => read({ 'AAPL:NASDAQ': error429, 'NOPE:NASDAQ': error429 })).toThrow(VendorRateLimitError);
    expect(() => read({ 'AAPL:NASDAQ': error401, 'NOPE:NASDAQ': error401 })).toThrow(VendorRefusedError);
    expect(() => read({ 'AAPL:NASDAQ': { close: {} }, 'NOPE:NASDAQ': {} })).toThrow(VendorFrameError);
    expect(() => readOne({ code: 403, status: 'error', message: 'symbol not in plan' })).toThrow(/symbol not in plan/);
    expect(() => read({ code: 403, status: 'error', message: 'no' })).toThrow(VendorRefusedError);
  });

  it.each(['0', 0, '0.00000', '0.001'])('with the price %j has no quote', (close) => {
    expect(readOne({ ...quote, close })).toMatchObject([{ message: 'twelvedata: no quote of NASDAQ:AAPL' }]);
  });

  it('without day values and times says nothing about them', () => {
    const bare = { close: '12.5', open: '', high: null, low: 'x', volume: '-1', last_quote_at: 0 };
    expect(readOne(bare)).toEqual([
      tick({ instrument: 'NASDAQ:AAPL', vendor: 'twelvedata', receivedAt: NOW, price: 12.5 }),
    ]);
  });

  it.each(['', '<html>', '[]', '42', 'null', '{"close":"1e999"}'])('that is %j cannot be read', (body) => {
    expect(() => parseQuotes(body, [aapl], ['AAPL:NASDAQ'], NOW)).toThrow(VendorFrameError);
  });

  it('whatever it is, gives an outcome for each symbol, finite numbers only, or a failure we know', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.record({ close: fc.jsonValue(), volume: fc.jsonValue(), last_quote_at: fc.jsonValue(), open: fc.jsonValue() }),
      fc.record({ code: fc.jsonValue(), message: fc.jsonValue(), status: fc.constantFrom('error', 'ok', 3) }),
    );
    const body = fc.oneof(
      fc.string(),
      part.map((value) => JSON.stringify(value)),
      fc.record({ 'AAPL:NASDAQ': part, 'NOPE:NASDAQ': part }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(body, (text) => {
        try {
          const outcomes = parseQuotes(text, [aapl, nope], TEXTS, NOW);
          expect(outcomes).toHaveLength(2);
          for (const outcome of outcomes) {
            if (outcome instanceof MarketDataError) continue;
            const numbers = Object.values(outcome).filter((value) => typeof value === 'number');
            expect(numbers.every(Number.isFinite)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(SourceFailedError);
          if (error instanceof VendorFrameError) expect(error.sample.length).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an error', () => {
  const pause = (message: string): number =>
    (failureOf({ code: 429, status: 'error', message }, NOW) as VendorRateLimitError).retryAfterMs;

  it('for want of credits lasts until the next clock minute, and a second more for the difference of clocks', () => {
    expect(pause(error429.message)).toBe(21_000);
  });

  it('for want of credits of the day is asked about again within the hour', () => {
    expect(pause('You have run out of API credits for the day.')).toBe(3_600_000);
    const late = Date.parse('2025-10-14T23:59:30Z');
    expect(failureOf({ code: 429, message: 'daily limit' }, late)).toMatchObject({ retryAfterMs: 31_000 });
  });

  it.each([
    [400, false],
    [404, false],
    [414, false],
    [500, true],
    [503, true],
  ])('with code %s may pass: %s', (code, retryable) => {
    expect(failureOf({ code, status: 'error', message: 'no' }, NOW)).toMatchObject({ retryable });
  });

  it('is told from data by its status or a numeric code', () => {
    expect(failureOf(quote, NOW)).toBeUndefined();
    expect(failureOf({ status: 'ok', values: [] }, NOW)).toBeUndefined();
    expect(failureOf({ status: 'error' }, NOW)).toMatchObject({ message: 'twelvedata: an error without a message' });
  });
});
