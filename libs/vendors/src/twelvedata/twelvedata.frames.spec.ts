import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { tick, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import frames from './fixtures/frames.json' with { type: 'json' };
import { frameSignal, parseFrame } from './twelvedata.frames.js';
import { readSymbol, SymbolBook, symbolText } from './twelvedata.symbols.js';

const NOW = 1_760_464_801_250;
const aapl = anInstrument({ id: 'NASDAQ:AAPL', tickSize: 0.01 });
const euro = anInstrument({ id: 'FX:EURUSD', decimals: 5 });
const nse = anInstrument({ id: 'NSE:SBIN' });
const bse = anInstrument({ id: 'BSE:500112', ticker: 'SBIN' });

let book: SymbolBook;

beforeEach(() => {
  book = new SymbolBook();
  book.asked(aapl, { symbol: 'AAPL', exchange: 'NASDAQ' });
  book.asked(euro, readSymbol('EUR/USD'));
  book.asked(nse, readSymbol('SBIN:NSE'));
});

const read = (frame: unknown): unknown => parseFrame(JSON.stringify(frame), book, NOW);
const signal = (frame: unknown): unknown => frameSignal(JSON.stringify(frame), book);

describe('a price frame', () => {
  it('reads as documented: prices to the decimals of the instrument, seconds to milliseconds', () => {
    const base = { vendor: 'twelvedata', receivedAt: NOW, eventTimeStep: 1000 };
    expect(frames.map(read)).toEqual([
      [],
      [],
      [],
      [tick({ ...base, instrument: aapl.id, eventTime: 1_760_464_800_000, price: 247.68, volume: 18_230_411 })],
      [tick({ ...base, instrument: aapl.id, eventTime: 1_760_464_800_000, price: 247.69, volume: 18_230_911 })],
      [
        tick({
          ...base,
          instrument: euro.id,
          eventTime: 1_760_464_801_000,
          price: 1.15874,
          bid: 1.15871,
          ask: 1.15877,
        }),
      ],
      [],
      [],
    ]);
  });

  it('may be without exchange, time and volume', () => {
    expect(read({ event: 'price', symbol: 'SBIN', price: '812.35' })).toEqual([
      tick({ instrument: 'NSE:SBIN', vendor: 'twelvedata', receivedAt: NOW, price: 812.35 }),
    ]);
  });

  it('with the price 0 says nothing about the price', () => {
    expect(read({ event: 'price', symbol: 'AAPL', price: 0, day_volume: 5 })).toMatchObject([
      { price: undefined, volume: 5 },
    ]);
  });

  it('says by exchange or market code which listing it means', () => {
    book.asked(bse, readSymbol('SBIN:BSE'));
    expect(read({ event: 'price', symbol: 'SBIN', exchange: 'BSE', price: 1 })).toMatchObject([{ instrument: bse.id }]);
    expect(read({ event: 'price', symbol: 'SBIN', mic_code: 'XNSE', price: 1 })).toMatchObject([
      { instrument: nse.id },
    ]);
    expect(() => read({ event: 'price', symbol: 'SBIN', price: 1 })).toThrow(/two exchanges/);
  });

  it('of a listing nobody asked for is not taken for another', () => {
    expect(read({ event: 'price', symbol: 'SBIN', exchange: 'BSE', price: 1 })).toMatchObject([{ instrument: 'SBIN' }]);
    expect(read({ event: 'price', symbol: 'TSLA', price: 1 })).toMatchObject([{ instrument: 'TSLA' }]);
  });

  it.each([
    ['no JSON', '{"event":'],
    ['a list', '[]'],
    ['an unknown event', '{"event":"trade"}'],
    ['no event', '{}'],
    ['no symbol', '{"event":"price","price":1}'],
    ['no price', '{"event":"price","symbol":"AAPL"}'],
    ['an endless price', '{"event":"price","symbol":"AAPL","price":1e999}'],
    ['a price that is an object', '{"event":"price","symbol":"AAPL","price":{"toString":1}}'],
  ])('with %s is malformed', (_, text) => {
    expect(() => parseFrame(text, book, NOW)).toThrow(VendorFrameError);
  });
});

describe('an acknowledgement', () => {
  it('refuses what failed, whether the lists are there, null or missing', () => {
    expect(frames.map(signal)).toEqual(frames.map(() => undefined));
    expect(signal({ event: 'subscribe-status', status: 'error', fails: [{ symbol: 'AAPL' }] })).toEqual({
      kind: 'refused',
      instruments: ['NASDAQ:AAPL'],
      reason: 'unknown to the vendor, or not in the plan',
    });
    expect(signal({ event: 'subscribe-status', status: 'ok', success: 'x', fails: [null, 3, {}] })).toBeUndefined();
  });

  it('refuses the listing that waits for an answer where it names no exchange', () => {
    signal({ event: 'subscribe-status', status: 'ok', success: [{ symbol: 'SBIN', exchange: 'NSE' }], fails: null });
    book.asked(bse, readSymbol('SBIN:BSE'));
    expect(signal({ event: 'subscribe-status', status: 'error', fails: [{ symbol: 'SBIN' }] })).toMatchObject({
      instruments: [bse.id],
    });
  });
});

describe('an error', () => {
  it.each([
    [401, { kind: 'fatal', reason: 'no' }],
    [403, { kind: 'fatal', reason: 'no' }],
    [429, { kind: 'cooldown', ms: 60_000, reason: 'no' }],
    [500, { kind: 'error', reason: 'no' }],
  ])('with code %s', (code, expected) => {
    const frame = { status: 'error', code, message: 'no' };
    expect(read(frame)).toEqual([]);
    expect(signal(frame)).toEqual(expected);
  });
});

it('reads and writes symbols with and without exchange', () => {
  for (const text of ['SBIN:NSE', 'EUR/USD', 'M&M:NSE']) expect(symbolText(readSymbol(text))).toBe(text);
});

it('survives any frame', () => {
  const item = fc.oneof(
    fc.jsonValue(),
    fc.record({ symbol: fc.constantFrom('AAPL', 'SBIN', 4), mic_code: fc.jsonValue() }),
  );
  const frame = fc.record(
    {
      event: fc.oneof(fc.constantFrom('price', 'subscribe-status', 'heartbeat'), fc.jsonValue()),
      symbol: fc.oneof(fc.constantFrom('AAPL', 'SBIN', '__proto__', 'constructor'), fc.jsonValue()),
      exchange: fc.jsonValue(),
      mic_code: fc.oneof(fc.constantFrom('XNSE', 'constructor'), fc.jsonValue()),
      price: fc.oneof(fc.double(), fc.jsonValue()),
      timestamp: fc.jsonValue(),
      success: fc.oneof(fc.array(item), fc.jsonValue()),
      fails: fc.oneof(fc.array(item), fc.jsonValue()),
      code: fc.jsonValue(),
      message: fc.jsonValue(),
      status: fc.constantFrom('ok', 'error'),
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    frame.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const ticks = parseFrame(given, book, NOW);
        if (ticks.length === 0) frameSignal(given, book);
        for (const one of ticks) {
          const numbers = Object.values(one).filter((value) => typeof value === 'number');
          expect(numbers.every(Number.isFinite)).toBe(true);
          expect(one.price).not.toBe(0);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(VendorFrameError);
        expect((error as VendorFrameError).sample.length).toBeLessThanOrEqual(200);
      }
    }),
    { numRuns: 1000 },
  );
});
