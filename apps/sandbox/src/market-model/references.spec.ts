import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readReferences, referencesCsv, syntheticReferences } from './references.js';

const HEADER = 'exchange,code,ticker,name,isin,bseCode,tickSize,decimals,currency,indices,referencePrice';
const master = (...rows: string[]): string => [HEADER, ...rows].join('\n');

it('reads prices beside the instruments they belong to, and takes 100 where there is none', () => {
  const csv = master('NSE,A1,A1,A,,,0.05,2,INR,,12.35', '', 'NSE,B1,B1,B,,,0.05,2,INR,,', 'NSE,C1,C1,C,,,0.05,2,INR');
  expect(readReferences(csv).map(({ instrument, price }) => [instrument.id, price])).toEqual([
    ['NSE:A1', 12.35],
    ['NSE:B1', 100],
    ['NSE:C1', 100],
  ]);
});

it.each(['-5', '0.01', 'dear'])('refuses %s as a price', (price) => {
  expect(() => readReferences(master(`NSE,A1,A1,A,,,0.05,2,INR,,${price}`))).toThrow(/NSE:A1: referencePrice/);
});

it('writes what it reads, invented instruments included', () => {
  const references = [...readReferences(readFileSync('data/instruments.csv', 'utf8')), ...syntheticReferences(2)];
  expect(readReferences(referencesCsv(references))).toEqual(references);
});

it('invents the same instruments every time, with nothing that looks real', () => {
  expect(syntheticReferences(5000)).toEqual(syntheticReferences(5000));
  expect(syntheticReferences(5000).at(-1)!.instrument).toMatchObject({ id: 'NSE:SYN5000', isin: 'INS000050000' });
});
