import { expect, it } from 'vitest';
import { InstrumentMaster } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { symbolTables } from './symbol-tables.js';

const master = new InstrumentMaster([
  anInstrument({ id: 'NSE:SBIN', isin: 'INE062A01020' }),
  anInstrument({ id: 'BSE:500112', ticker: 'SBIN', isin: 'INE062A01020', bseCode: '500112' }),
  anInstrument({ id: 'NSE:NOISIN' }),
]);

const upstoxFile = JSON.stringify([
  { segment: 'NSE_EQ', instrument_key: 'NSE_EQ|INE062A01020', trading_symbol: 'SBIN', isin: 'INE062A01020' },
  { segment: 'BSE_EQ', instrument_key: 'BSE_EQ|INE062A01020', trading_symbol: 'SBIN', isin: 'INE062A01020' },
  { segment: 'NSE_EQ', instrument_key: 'NSE_EQ|INE000000000', trading_symbol: 'NOISIN', isin: 'INE000000000' },
  { segment: 'NSE_EQ', instrument_key: 'NSE_EQ|OTHER', trading_symbol: 'OTHER', isin: 'INE999999999' },
]);

it('joins a published file with the master, by ISIN or else by ticker, within each exchange', () => {
  const table = symbolTables(new Map([['upstox', upstoxFile]]), master).get('upstox');
  expect(Object.fromEntries(table ?? [])).toEqual({
    'NSE:SBIN': 'NSE_EQ|INE062A01020',
    'BSE:500112': 'BSE_EQ|INE062A01020',
    'NSE:NOISIN': 'NSE_EQ|INE000000000',
  });
});

it.each([
  ['upstox', '{"no":"list"}', /the file of upstox cannot be read/],
  ['upstox', '[{"segment":', /the file of upstox cannot be read/],
  ['bse', '', /bse has no symbol file/],
  ['nobody', '', /there is no vendor "nobody"/],
])('refuses %s with %j', (vendor, text, problem) => {
  expect(() => symbolTables(new Map([[vendor, text]]), master)).toThrow(problem);
});
