import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFailedError, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { bseNumber, bseTime } from './bse.numbers.js';
import { parseScripHeader } from './bse.parse.js';

const reliance = anInstrument({ id: 'BSE:500325', bseCode: '500325' });
const fixture = readFileSync(new URL('./fixtures/scrip-header.json', import.meta.url), 'utf8');
const NOW = Date.UTC(2025, 9, 14, 6, 12, 30);

const parse = (body: string): unknown => parseScripHeader({ status: 200, headers: {}, body }, reliance, NOW);
const withRate = (
  change: (answer: { CurrRate: Record<string, unknown>; Header: Record<string, unknown> }) => void,
): string => {
  const answer = JSON.parse(fixture) as { CurrRate: Record<string, unknown>; Header: Record<string, unknown> };
  change(answer);
  return JSON.stringify(answer);
};

it('reads a scrip header: text to rupees, Indian minutes to epoch milliseconds', () => {
  expect(parse(fixture)).toMatchObject({
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
  });
});

describe('tells an instrument without a quote from an answer that is none', () => {
  it.each([
    ['an empty body', ''],
    ['an empty price', withRate(({ CurrRate, Header }) => ((CurrRate['LTP'] = ''), (Header['LTP'] = '')))],
    ['a price of zero', withRate(({ CurrRate, Header }) => ((CurrRate['LTP'] = '0.00'), (Header['LTP'] = '0.00')))],
  ])('%s is an unknown scrip, not worth asking again', (_, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ constructor: SourceFailedError, retryable: false }));
  });

  it.each([
    ['the HTML page of the site', '<!DOCTYPE html><html></html>'],
    ['text cut short', fixture.slice(0, 200)],
    ['another shape', '{"CurrRate":{"LTP":"1"}}'],
    [
      'a price that is no number',
      withRate(({ CurrRate, Header }) => ((CurrRate['LTP'] = 'abc'), (Header['LTP'] = 'abc'))),
    ],
  ])('%s is malformed', (_, body) => {
    expect(() => parse(body)).toThrow(VendorFrameError);
  });
});

it('leaves out day values that are zero before the first trade', () => {
  const body = withRate(({ Header }) => ((Header['Open'] = '0.00'), (Header['High'] = '-')));
  expect(parse(body)).toMatchObject({ open: undefined, high: undefined, low: 1260.25 });
});

describe('numbers', () => {
  it.each<[unknown, number | undefined]>([
    ['17,57,876.78', 1_757_876.78],
    ['+36.45', 36.45],
    [' -8.35 ', -8.35],
    ['', undefined],
    ['-', undefined],
    ['NA', undefined],
    ['N.A.', undefined],
    [null, undefined],
    ['12abc', undefined],
    [12.5, 12.5],
    [Infinity, undefined],
  ])('%j is %j', (text, expected) => {
    expect(bseNumber(text)).toBe(expected);
  });

  it('are read back from Indian grouping, whatever the number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (hundredths) => {
        const value = hundredths / 100;
        const text = value.toLocaleString('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
        expect(bseNumber(text)).toBeCloseTo(value, 2);
      }),
    );
  });
});

describe('times', () => {
  it.each<[unknown, number | undefined]>([
    ['11 Oct 23 | 16:00', Date.UTC(2023, 9, 11, 10, 30)],
    ['01 Jan 26 | 00:00', Date.UTC(2025, 11, 31, 18, 30)],
    ['1 Feb 2026 |09:15', Date.UTC(2026, 1, 1, 3, 45)],
    ['11 Foo 23 | 16:00', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (text, expected) => {
    expect(bseTime(text)).toBe(expected);
  });
});
