import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseInstrumentsCsv } from './instrument-csv.js';

const HEADER = 'exchange,code,ticker,name,isin,bseCode,tickSize,decimals,currency,indices';

it('reads a row, quoted names and empty cells included', () => {
  const text = `\uFEFF${HEADER},extra\r\nNSE,A1,A1,"Alpha, Beta & Co",,,0.05,2,INR,X|Y,ignored\r\n`;
  expect(parseInstrumentsCsv(text)).toEqual([
    {
      id: 'NSE:A1',
      exchange: 'NSE',
      ticker: 'A1',
      name: 'Alpha, Beta & Co',
      isin: undefined,
      bseCode: undefined,
      tickSize: 0.05,
      decimals: 2,
      currency: 'INR',
      indices: ['X', 'Y'],
    },
  ]);
});

describe('names the line of what is wrong', () => {
  it.each([
    ['nse,a1,A1,A,,,0.05,2,INR,', /row 2: "nse:a1" is no instrument id/],
    ['NSE,A1,,A,,,0.05,2,INR,', /row 2: NSE:A1 needs a ticker/],
    ['NSE,A1,A1,A,,,0,2,INR,', /tickSize/],
    ['NSE,A1,A1,A,,,0.05,two,INR,', /decimals/],
    ['NSE,A1,A1,A,,,0.05,2,INR,\nNSE,A1,A1,A,,,0.05,2,INR,', /row 3: NSE:A1 stands there twice/],
    ['NSE,A1', /column/i],
  ])('%s', (row, problem) => {
    expect(() => parseInstrumentsCsv(`${HEADER}\n${row}`)).toThrow(problem);
  });

  it('names missing columns', () => {
    expect(() => parseInstrumentsCsv('exchange,code\nNSE,A1')).toThrow(/lacks ticker/);
  });
});

describe('the master that comes with the product', () => {
  const instruments = parseInstrumentsCsv(readFileSync('data/instruments.csv', 'utf8'));

  it('holds the 50 names of the NIFTY on NSE and the 30 of the SENSEX on BSE', () => {
    expect(
      instruments.filter(({ exchange, indices }) => exchange === 'NSE' && indices.includes('NIFTY50')),
    ).toHaveLength(50);
    expect(
      instruments.filter(({ exchange, indices }) => exchange === 'BSE' && indices.includes('SENSEX')),
    ).toHaveLength(30);
  });

  it('has ISINs whose check digit is right, and the same one for both listings of a company', () => {
    const byTicker = new Map<string, string>();
    for (const { ticker, isin = '' } of instruments) {
      expect([ticker, hasCheckDigit(isin)]).toEqual([ticker, true]);
      expect(byTicker.get(ticker) ?? isin).toBe(isin);
      byTicker.set(ticker, isin);
    }
  });
});

/** ISO 6166: letters as two digits, then Luhn. */
function hasCheckDigit(isin: string): boolean {
  const digits = [...isin].map((char) => parseInt(char, 36)).join('');
  const sum = [...digits].toReversed().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + Math.floor(value / 10) + (value % 10);
  }, 0);
  return /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(isin) && sum % 10 === 0;
}
