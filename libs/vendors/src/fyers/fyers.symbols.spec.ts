import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readFyersSymbols } from './fyers.symbols.js';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

it('reads the file of an exchange: the plain series of a share first', () => {
  expect(readFyersSymbols(fixture('NSE_CM.csv'))).toEqual([
    { symbol: 'NSE:SBIN-EQ', exchange: 'NSE', ticker: 'SBIN', isin: 'INE062A01020', bseCode: undefined },
    { symbol: 'NSE:BAJAJ-AUTO-EQ', exchange: 'NSE', ticker: 'BAJAJ-AUTO', isin: 'INE917I01010', bseCode: undefined },
    { symbol: 'NSE:NIFTY50-INDEX', exchange: 'NSE', ticker: 'NIFTY50', isin: undefined, bseCode: undefined },
    { symbol: 'NSE:SBIN-BL', exchange: 'NSE', ticker: 'SBIN', isin: 'INE062A01020', bseCode: undefined },
  ]);
});

it('finds columns by what they hold, gives BSE its scrip codes and contracts no ISIN, and passes over other lines', () => {
  expect(readFyersSymbols(fixture('mixed.csv'))).toEqual([
    { symbol: 'NSE:TCS-EQ', exchange: 'NSE', ticker: 'TCS', isin: 'INE467B01029', bseCode: undefined },
    { symbol: 'BSE:SBIN-A', exchange: 'BSE', ticker: 'SBIN', isin: 'INE062A01020', bseCode: '500112' },
    {
      symbol: 'NSE:BAJAJ-AUTO26NOVFUT',
      exchange: 'NSE',
      ticker: 'BAJAJ-AUTO26NOVFUT',
      isin: undefined,
      bseCode: undefined,
    },
  ]);
});

it.each(['', '<html></html>', 'a,b\nc,d'])('refuses a file without any symbol: %j', (text) => {
  expect(() => readFyersSymbols(text)).toThrow(/no line/);
});
