import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './env.js';
import type { Instrument } from './instrument.js';
import { formatInstrumentsCsv, parseInstrumentsCsv } from './instrument-csv.js';

const HEADER = 'exchange,code,ticker,name,isin,bseCode,tickSize,decimals,currency,indices';

const ALPHA: Instrument = {
  id: 'NSE:A1',
  exchange: 'NSE',
  ticker: 'A1',
  name: 'Alpha',
  isin: undefined,
  bseCode: undefined,
  tickSize: 0.05,
  decimals: 2,
  currency: 'INR',
  indices: ['X', 'Y'],
};

it('reads a row, quoted names and empty cells included', () => {
  const text = `\uFEFF${HEADER},extra\r\nNSE,A1,A1,"Alpha, Beta & Co",,,0.05,2,INR,X|Y,ignored\r\n`;
  expect(parseInstrumentsCsv(text)).toEqual([{ ...ALPHA, name: 'Alpha, Beta & Co' }]);
});

it('takes a row without its last, optional cells', () => {
  expect(parseInstrumentsCsv(`${HEADER}\nNSE,A1,A1,Alpha,,,0.05,2,INR\n`)).toMatchObject([
    { id: 'NSE:A1', indices: [] },
  ]);
});

describe('names the line of what is wrong', () => {
  it.each([
    ['nse,a1,A1,A,,,0.05,2,INR,', /line 2: "nse:a1" is no instrument id/],
    ['NSE,A1,,A,,,0.05,2,INR,', /line 2: NSE:A1 needs a ticker/],
    ['NSE,A1,A1,A,,,0,2,INR,', /tickSize/],
    ['NSE,A1,A1,A,,,Infinity,2,INR,', /tickSize/],
    ['NSE,A1,A1,A,,,0.05,two,INR,', /decimals/],
    ['NSE,A1,A1,A,,,0.0025,2,INR,', /tickSize 0.0025 takes more than 2 decimals/],
    ['NSE,A1,A1,A,,,0.05,,INR,', /decimals/],
    ['NSE,A1,A1,A,,,0.05,2,,', /currency/],
    ['NSE,A1,A1,A,,,0.05,2,INR,\nNSE,A1,A1,A,,,0.05,2,INR,', /line 3: NSE:A1 already stands on line 2/],
    ['NSE,A1', /line 2: NSE:A1 needs a ticker/],
    ['NSE,A1,A1,A,,,0.05,2,INR,,more,than,that', /line 2/],
    // blank lines and line ends inside quotes count as the lines they are in an editor
    ['\r\n\r\nNSE,A1,A1,"A\nB",,,0.05,2,INR,\r\nNSE,A2,,A,,,0.05,2,INR,', /line 6: NSE:A2/],
  ])('%j', (row, problem) => {
    expect(() => parseInstrumentsCsv(`${HEADER}\n${row}`)).toThrow(problem);
  });

  it('names missing columns', () => {
    expect(() => parseInstrumentsCsv('exchange,code\nNSE,A1')).toThrow(/lacks ticker/);
  });

  it('tells several at one time, and not more than ten', () => {
    const bad = Array.from({ length: 20 }, (_, i) => `NSE,A${i},,A,,,0.05,2,INR,`).join('\n');
    expect(problemsOf(() => parseInstrumentsCsv(`${HEADER}\n${bad}`))).toHaveLength(10);
  });
});

describe('writes', () => {
  it('what it reads back to the same, names with commas, quotes and line ends included', () => {
    const name = fc.string({ unit: fc.constantFrom('b', '"', ',', '|', '\n', ' ', "'") }).map((text) => `A${text}Z`);
    fc.assert(
      fc.property(name, fc.option(fc.constant('INE002A01018'), { nil: undefined }), (text, isin) => {
        const instrument = { ...ALPHA, name: text, isin };
        expect(parseInstrumentsCsv(formatInstrumentsCsv([instrument]))).toEqual([instrument]);
      }),
    );
  });

  it('columns of its own after them, which readers of the master ignore', () => {
    const text = formatInstrumentsCsv([ALPHA], { note: ({ ticker }) => `${ticker}, noted` });
    expect(text).toBe(`${HEADER},note\nNSE,A1,A1,Alpha,,,0.05,2,INR,X|Y,"A1, noted"\n`);
    expect(parseInstrumentsCsv(text)).toEqual([ALPHA]);
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

  it('lists every Indian company on both exchanges, by its scrip code on BSE', () => {
    const ids = new Set(instruments.map(({ id }) => id));
    for (const { ticker, bseCode } of instruments.filter(({ currency }) => currency === 'INR'))
      expect([ticker, ids.has(`NSE:${ticker}`), ids.has(`BSE:${bseCode}`)]).toEqual([ticker, true, true]);
  });
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
  }
  throw new Error('nothing was refused');
}

/** ISO 6166: letters as two digits, then Luhn. */
function hasCheckDigit(isin: string): boolean {
  const digits = [...isin].map((char) => parseInt(char, 36)).join('');
  const sum = [...digits].toReversed().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + Math.floor(value / 10) + (value % 10);
  }, 0);
  return /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(isin) && sum % 10 === 0;
}
