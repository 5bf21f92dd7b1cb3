import { expect, it } from 'vitest';
import { countOf, decimalOf, objectOf, priceOf } from './decimals.js';

it.each([
  [12.5, 12.5],
  ['12.50000', 12.5],
  [' -0.25 ', -0.25],
  ['+3', 3],
  ['1e999', undefined],
  [Infinity, undefined],
  [NaN, undefined],
  ['', undefined],
  ['1,000', undefined],
  ['N/A', undefined],
  [null, undefined],
  [{}, undefined],
])('reads %j as the number %s', (value, expected) => {
  expect(decimalOf(value)).toBe(expected);
});

it.each([
  ['200.99001', 2, 200.99],
  [247.6812, 2, 247.68],
  [1.158744, 5, 1.15874],
  [0, 2, undefined],
  ['0.004', 2, undefined],
  ['-0.001', 2, undefined],
  [-5, 2, -5],
  ['x', 2, undefined],
])('reads %j with %s decimals as the price %s', (value, decimals, expected) => {
  expect(priceOf(value, decimals)).toBe(expected);
});

it('reads counts from zero, and objects that are no lists', () => {
  expect(['0', 7, -1, 'x'].map(countOf)).toEqual([0, 7, undefined, undefined]);
  expect([{}, [], null, 'x'].map(objectOf)).toEqual([{}, undefined, undefined, undefined]);
});
