import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatInstrumentsCsv, parseInstrumentsCsv, VendorFrameError } from '#domain';
import { readScripMaster } from './bse.scrip-master.js';

const fixture = readFileSync(new URL('./fixtures/scrip-master.json', import.meta.url), 'utf8');

it('reads each active equity once, and leaves out what is something else', () => {
  expect(readScripMaster(fixture)).toEqual([
    {
      id: 'BSE:500002',
      exchange: 'BSE',
      ticker: 'ABB',
      name: 'ABB India Limited',
      isin: 'INE117A01022',
      bseCode: '500002',
      tickSize: 0.01,
      decimals: 2,
      currency: 'INR',
      indices: [],
    },
    expect.objectContaining({ id: 'BSE:500520', ticker: 'M&M', name: 'Mahindra & Mahindra, Limited' }),
    expect.objectContaining({ id: 'BSE:519999', isin: undefined }),
  ]);
});

it('makes an instrument master that is read back to the same', () => {
  const instruments = readScripMaster(fixture);
  expect(parseInstrumentsCsv(formatInstrumentsCsv(instruments))).toEqual(instruments);
});

it('has nothing from an empty list', () => {
  expect(readScripMaster('[]')).toEqual([]);
});

it.each(['', '<!DOCTYPE html>', '{"Table":[]}', 'null', '[{'])('refuses %j', (text) => {
  expect(() => readScripMaster(text)).toThrow(VendorFrameError);
});

it('survives anything: instruments a master can hold, or an error', () => {
  const row = fc.dictionary(
    fc.constantFrom('SCRIP_CD', 'scrip_id', 'Scrip_Name', 'ISIN_NUMBER', 'Status', 'Segment'),
    fc.oneof(fc.jsonValue(), fc.constantFrom('500325', 'Equity', 'Active', 'a\nb "c"')),
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(row).map((rows) => JSON.stringify(rows)),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const instruments = readScripMaster(given);
        expect(parseInstrumentsCsv(formatInstrumentsCsv(instruments))).toEqual(instruments);
      } catch (error) {
        expect(error).toBeInstanceOf(VendorFrameError);
      }
    }),
  );
});
