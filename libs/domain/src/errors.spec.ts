import { expect, it } from 'vitest';
import { InvalidSymbolError } from './errors.js';

it.each([
  ['RELIANCE', 'No instrument is called "RELIANCE"; ids are like NSE:RELIANCE'],
  ['NSE:NOPE', 'No instrument is called "NSE:NOPE"'],
])('An unknown symbol %s is told with the form of ids where it has not that form', (symbol, message) => {
  expect(new InvalidSymbolError(symbol).message).toBe(message);
});
