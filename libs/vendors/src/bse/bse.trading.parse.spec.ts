import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VendorFrameError } from '#domain';
import { parseTrading, type Trading } from './bse.trading.parse.js';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8');
const parse = (body: string): Trading => parseTrading({ status: 200, headers: {}, body });
const volumeOf = (TTQ: unknown, TTQin: unknown): unknown => parse(JSON.stringify({ TTQ, TTQin })).volume;
const limitsOf = (CktLimit: unknown): unknown[] => {
  const { lowerCircuit, upperCircuit } = parse(JSON.stringify({ CktLimit }));
  return [lowerCircuit, upperCircuit];
};

it('reads a liquid scrip, counted in lakh', () => {
  expect(parse(fixture('trading-liquid'))).toEqual({
    volume: { shares: 528_000, precision: 500 },
    averagePrice: 2332.77,
    lowerCircuit: 2077.7,
    upperCircuit: 2539.4,
  });
});

it('reads a thin scrip, counted in shares', () => {
  expect(parse(fixture('trading-thin'))).toEqual({
    volume: { shares: 5406, precision: 0 },
    averagePrice: 678.1,
    lowerCircuit: 550.5,
    upperCircuit: 825.7,
  });
});

describe('the volume', () => {
  it.each([
    ['1,234.56', '(Lakh)', 123_456_000, 500],
    ['8.12', ' (lakhs) ', 812_000, 500],
    ['1.25', '(Cr.)', 12_500_000, 50_000],
    ['5,406', '', 5406, 0],
    ['5406', null, 5406, 0],
    [5406, undefined, 5406, 0],
    ['0', '', 0, 0],
  ])('%j %j', (quantity, unit, shares, precision) => {
    expect(volumeOf(quantity, unit)).toEqual({ shares, precision });
  });

  it.each([
    ['8.12', '(Mn)'],
    ['8.12', 5],
    ['-', '(Lakh)'],
    ['', ''],
    ['-3', ''],
    ['many', ''],
  ])('%j %j is not known', (quantity, unit) => {
    expect(volumeOf(quantity, unit)).toBeUndefined();
  });
});

describe('the circuit limits', () => {
  it.each([
    ['2539.40 / 2077.70', 2077.7, 2539.4],
    ['2,077.70/2,539.40', 2077.7, 2539.4],
    ['Rs 550 - 825', 550, 825],
  ])('%j', (text, lower, upper) => {
    expect(limitsOf(text)).toEqual([lower, upper]);
  });

  it.each([['No limits'], ['20 %'], ['0.00 / 0.00'], ['0.00 / 12.50'], ['1 / 2 / 3'], [''], [null], [20]])(
    '%j says none',
    (text) => {
      expect(limitsOf(text)).toEqual([undefined, undefined]);
    },
  );
});

it('knows nothing from an empty body', () => {
  expect(Object.values(parse(''))).toEqual([undefined, undefined, undefined, undefined]);
});

it.each(['<!DOCTYPE html>', '{"LTP":"1"}', '[1]', '5', '{"TTQ":'])('refuses %j', (body) => {
  expect(() => parse(body)).toThrow(VendorFrameError);
});

it('survives anything: finite numbers, or an error', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('8.12', '(Lakh)', '(Cr.)', '1 / 2', '-', '1,2,3'),
    fc.string(),
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.constantFrom('TTQ', 'TTQin', 'WAP', 'CktLimit'), value).map((answer) => JSON.stringify(answer)),
  );
  fc.assert(
    fc.property(body, (text) => {
      try {
        const { volume, ...prices } = parse(text);
        expect(volume?.shares ?? 0).toBeGreaterThanOrEqual(0);
        for (const price of Object.values(prices)) if (price !== undefined) expect(price).toSatisfy(Number.isFinite);
      } catch (error) {
        expect(error).toBeInstanceOf(VendorFrameError);
      }
    }),
  );
});
