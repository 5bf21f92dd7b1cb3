import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bseNumber, bsePositive, isNumberOrMissing } from './bse.numbers.js';

it.each<[unknown, number | undefined]>([
  ['17,57,876.78', 1_757_876.78],
  ['+36.45', 36.45],
  [' -8.35 ', -8.35],
  ['', undefined],
  ['-', undefined],
  ['NA', undefined],
  ['n.a.', undefined],
  [null, undefined],
  ['12abc', undefined],
  ['1e5', undefined],
  [12.5, 12.5],
  [Infinity, undefined],
])('reads %j as %j', (text, expected) => {
  expect(bseNumber(text)).toBe(expected);
});

it('reads numbers back from Indian grouping, whatever the number', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), (hundredths) => {
      const value = hundredths / 100;
      const text = value.toLocaleString('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      expect(bseNumber(text)).toBeCloseTo(value, 2);
    }),
  );
});

it.each([['0.00'], ['-1.5'], [''], ['x']])('takes %j for no price', (text) => {
  expect(bsePositive(text)).toBeUndefined();
});

it.each<[unknown, boolean]>([
  ['0.00', true],
  [' - ', true],
  ['N.A.', true],
  [null, true],
  [undefined, true],
  [7, true],
  ['abc', false],
  [NaN, false],
  [{}, false],
])('tells whether %j is a number or none', (value, expected) => {
  expect(isNumberOrMissing(value)).toBe(expected);
});
