import { describe, expect, it } from 'vitest';
import { anInstrument } from '../../../test/support/instruments.js';
import { InstrumentMaster } from './instrument-master.js';
import { isOneEditApart } from './one-edit.js';

const master = new InstrumentMaster([
  anInstrument({ id: 'NSE:BANKINDIA', name: 'Bank of India' }),
  anInstrument({
    id: 'NSE:INFY',
    name: 'Infosys Limited',
    isin: 'INE009A01021',
    bseCode: '500209',
    indices: ['NIFTY50'],
  }),
  anInstrument({ id: 'NSE:RELIANCE', name: 'Reliance Industries Limited', indices: ['NIFTY50'] }),
  anInstrument({ id: 'NSE:RELIGARE', name: 'Religare Enterprises Limited' }),
  anInstrument({ id: 'NSE:SBIN', name: 'State Bank of India' }),
  anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE', name: 'Reliance Industries Limited' }),
]);
const found = (...given: Parameters<InstrumentMaster['search']>): string[] =>
  master.search(...given).map(({ id }) => id);

describe('search', () => {
  it.each<[string, string, string[]]>([
    ['a ticker, of every exchange', 'reliance', ['NSE:RELIANCE', 'BSE:500325']],
    ['the beginning of a ticker', 'reli', ['NSE:RELIANCE', 'NSE:RELIGARE', 'BSE:500325']],
    ['a ticker begun with before a word of a name', 'bank', ['NSE:BANKINDIA', 'NSE:SBIN']],
    ['beginnings of several words', 'sta ban', ['NSE:SBIN']],
    ['any part of a name', 'dustri', ['NSE:RELIANCE', 'BSE:500325']],
    ['an ISIN', 'ine009a01021', ['NSE:INFY']],
    ['part of an ISIN', '009A01', ['NSE:INFY']],
    ['a BSE code', '500209', ['NSE:INFY']],
    ['a letter wrong', 'relianse', ['NSE:RELIANCE', 'BSE:500325']],
    ['a letter too few', 'infsys', ['NSE:INFY']],
    ['two letters swapped, in a word', 'infosys limitde', ['NSE:INFY']],
    ['no letter wrong in a short text', 'sbim', []],
    ['nothing of the kind', 'zomato', []],
  ])('finds %s', (_what, text, ids) => {
    expect(found(text, 10)).toEqual(ids);
  });

  it('takes only what the filter lets through, and forgives a letter within that', () => {
    expect(found('reliance', 10, { exchange: 'bse' })).toEqual(['BSE:500325']);
    expect(found('', 10, { index: 'nifty50' })).toEqual(['NSE:INFY', 'NSE:RELIANCE']);
    expect(found('reliance', 10, { allows: (id) => id === 'NSE:RELIGARE' })).toEqual([]);
  });

  it('lists the master in its order for no text, as far as the limit', () => {
    expect(found(' ', 2)).toEqual(['NSE:BANKINDIA', 'NSE:INFY']);
    expect([master.count(), master.count((id) => id.startsWith('BSE:'))]).toEqual([6, 1]);
  });
});

it('a search of ten thousand takes a moment, whatever is asked', () => {
  const all = Array.from({ length: 10_000 }, (_, i) =>
    anInstrument({ id: `NSE:SYM${i}`, name: `Company number ${i} of India Limited Industries` }),
  );
  const many = new InstrumentMaster(all);
  const words = all.map(({ name }) => name.toUpperCase().split(' '));
  const timeOf = (work: () => unknown): number => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  };
  const shares = [
    'a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f',
    'compa india limit indus compan india limite industr zzzzz',
    'companx indix limitex industriex numbex of companz zzzzz',
  ].map((text) => {
    const asked = text.toUpperCase().split(' ');
    const compareAll = (): number => {
      let matches = 0;
      for (const own of words)
        for (const word of own) for (const one of asked) if (isOneEditApart(one, word)) matches++;
      return matches;
    };
    // the quickest of several, one beside the other, so that whatever else the machine does counts for both
    let [quick, slow] = [Infinity, Infinity];
    for (let round = 0; round < 60 && !(quick < slow / 2); round++) {
      quick = Math.min(
        quick,
        timeOf(() => many.search(text, 50)),
      );
      slow = Math.min(slow, timeOf(compareAll));
    }
    return quick / slow;
  });
  expect(Math.max(...shares)).toBeLessThan(0.5);
});

it.each<[string, string, boolean]>([
  ['ABCDE', 'ABXDE', true],
  ['ABCDE', 'ABDE', true],
  ['ABCDE', 'ABCCDE', true],
  ['ABCDE', 'ABDCE', true],
  ['ABCDE', 'ABEDC', false],
  ['ABCDE', 'ABC', false],
  ['ABCDE', 'XBCDY', false],
])('%s and %s are one edit apart: %s', (a, b, apart) => {
  expect(isOneEditApart(a, b)).toBe(apart);
});
