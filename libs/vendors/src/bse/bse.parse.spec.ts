import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFailedError, type Tick, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { parseScripHeader, type ScripHeader } from './bse.parse.js';
import { NoQuoteError } from './no-quote.error.js';

const reliance = anInstrument({ id: 'BSE:500325', bseCode: '500325' });
const fixture = readFileSync(new URL('./fixtures/scrip-header.json', import.meta.url), 'utf8');
const preOpen = readFileSync(new URL('./fixtures/scrip-header-pre-open.json', import.meta.url), 'utf8');
const suspended = readFileSync(new URL('./fixtures/scrip-header-suspended.json', import.meta.url), 'utf8');
const NOW = Date.UTC(2025, 9, 14, 6, 12, 30);
/** 09:05 in India. */
const BEFORE_OPEN = Date.UTC(2025, 9, 14, 3, 35, 30);

type Parts = { CurrRate: Record<string, unknown>; Header: Record<string, unknown> };

const read = (body: string, at = NOW): ScripHeader =>
  parseScripHeader({ status: 200, headers: {}, body }, reliance, at);
const parse = (body: string, at = NOW): Tick => read(body, at).tick;
const changed = (body: string, change: (answer: Parts) => void): string => {
  const answer = JSON.parse(body) as Parts;
  change(answer);
  return JSON.stringify(answer);
};
const withRate = (change: (answer: Parts) => void): string => changed(fixture, change);
const withPrice = (price: unknown): string =>
  withRate(({ CurrRate, Header }) => ((CurrRate['LTP'] = price), (Header['LTP'] = price)));

it('reads a scrip header: text to rupees, Indian minutes to epoch milliseconds', () => {
  expect(read(fixture)).toMatchObject({
    isPreOpen: false,
    tick: {
      instrument: 'BSE:500325',
      vendor: 'bse',
      receivedAt: NOW,
      price: 1264.8,
      previousClose: 1273.15,
      open: 1275,
      high: 1281.4,
      low: 1260.25,
      eventTime: Date.UTC(2025, 9, 14, 6, 12),
      eventTimeStep: 60_000,
      volume: undefined,
      bid: undefined,
    },
  });
});

describe('tells an instrument without a quote from an answer that is none', () => {
  it.each([
    ['an empty body', ''],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['an empty price', withPrice('')],
    ['a price of zero', withPrice('0.00')],
    ['no price', withPrice(null)],
    ['a word for none', withPrice('N.A.')],
  ])('%s is an unknown scrip, not worth asking again', (_, body) => {
    expect(() => parse(body)).toThrow(
      expect.objectContaining({ constructor: NoQuoteError, retryable: false, notice: '' }),
    );
  });

  it('an empty price beside a notice is a suspended scrip', () => {
    expect(() => parse(suspended)).toThrow(
      expect.objectContaining({
        retryable: false,
        notice: 'Suspended due to Penal Reasons',
        message: 'bse: no quote of BSE:500325: Suspended due to Penal Reasons',
      }),
    );
  });

  it('a price beside a notice is a price', () => {
    expect(parse(withRate(({ Header }) => (Header['DisplayText'] = 'Board meeting today')))).toMatchObject({
      price: 1264.8,
    });
  });

  it('one of the two prices is enough', () => {
    expect(parse(withRate(({ CurrRate }) => (CurrRate['LTP'] = '')))).toMatchObject({ price: 1264.8 });
    expect(parse(withRate(({ Header }) => (Header['LTP'] = '0.00')))).toMatchObject({ price: 1264.8 });
  });

  it.each([
    ['the HTML page of the site', '<!DOCTYPE html><html></html>'],
    ['text cut short', fixture.slice(0, 200)],
    ['another shape', '{"CurrRate":{"LTP":"1"}}'],
    ['a list for a part', '{"CurrRate":{"LTP":"1"},"Header":[]}'],
    ['a price that is no number', withPrice('abc')],
    ['a price that is an object', withPrice({ x: 1 })],
  ])('%s is malformed', (_, body) => {
    expect(() => parse(body)).toThrow(VendorFrameError);
  });
});

it('leaves out day values that are zero before the first trade', () => {
  const body = withRate(({ Header }) => ((Header['Open'] = '0.00'), (Header['High'] = '-')));
  expect(parse(body)).toMatchObject({ open: undefined, high: undefined, low: 1260.25 });
});

it('keeps the time of a last trade on an earlier day, and its day values', () => {
  const body = withRate(({ Header }) => (Header['Ason'] = '13 Oct 25 | 16:00'));
  expect(parse(body)).toMatchObject({ eventTime: Date.UTC(2025, 9, 13, 10, 30), price: 1264.8, high: 1281.4 });
});

it('says no time where it cannot be read', () => {
  const body = withRate(({ Header }) => (Header['Ason'] = 'yesterday'));
  expect(parse(body)).toMatchObject({ price: 1264.8, eventTime: undefined, eventTimeStep: undefined });
});

describe('before the open', () => {
  it('gives the last price and not the indicative one, and no day values', () => {
    expect(read(preOpen, BEFORE_OPEN)).toMatchObject({
      isPreOpen: true,
      tick: { price: 1273.15, previousClose: 1273.15, open: undefined, high: undefined, low: undefined },
    });
  });

  it('gives the previous close alone of a scrip without a last price', () => {
    const body = changed(preOpen, ({ CurrRate, Header }) => ((CurrRate['LTP'] = ''), (Header['LTP'] = '')));
    expect(parse(body, BEFORE_OPEN)).toMatchObject({ price: undefined, previousClose: 1273.15 });
  });

  it('a suspended scrip has no quote, whatever its previous close', () => {
    const body = changed(
      preOpen,
      ({ CurrRate, Header }) => ((CurrRate['LTP'] = ''), (Header['LTP'] = ''), (Header['DisplayText'] = 'Suspended')),
    );
    expect(() => parse(body, BEFORE_OPEN)).toThrow(expect.objectContaining({ notice: 'Suspended' }));
  });

  it('is over when the session has begun, whatever is left in its block', () => {
    expect(read(preOpen, NOW)).toMatchObject({ isPreOpen: false, tick: { open: 1270 } });
  });

  it('is not where the block says nothing', () => {
    expect(read(fixture, BEFORE_OPEN).isPreOpen).toBe(false);
    const zeros = withRate(({ Header }) => ((Header['PRE_OPEN_I_PRICE'] = '0.00'), (Header['PRE_OPEN_NO_BIDS'] = '-')));
    expect(read(zeros, BEFORE_OPEN).isPreOpen).toBe(false);
  });
});

it('survives anything: a tick of finite numbers, or one of the two errors', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('1,234.50', '+1', '-', 'NA', 'x', '14 Oct 25 | 11:42', 1e308));
  const part = fc.dictionary(
    fc.constantFrom('LTP', 'PrevClose', 'Open', 'High', 'Low', 'Ason', 'DisplayText', 'PRE_OPEN_I_PRICE', '__proto__'),
    value,
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ CurrRate: fc.oneof(part, value), Header: fc.oneof(part, value) })
      .map((answer) => JSON.stringify(answer)),
    fc.nat(fixture.length).map((length) => fixture.slice(0, length)),
  );
  fc.assert(
    fc.property(body, fc.constantFrom(NOW, BEFORE_OPEN), (text, at) => {
      try {
        for (const field of Object.values(parse(text, at)))
          if (typeof field === 'number') expect(field).toSatisfy(Number.isFinite);
      } catch (error) {
        expect(error).toBeInstanceOf(SourceFailedError);
        if (error instanceof VendorFrameError) expect(error.sample.length).toBeLessThanOrEqual(200);
        else expect(error).toBeInstanceOf(NoQuoteError);
      }
    }),
  );
});
