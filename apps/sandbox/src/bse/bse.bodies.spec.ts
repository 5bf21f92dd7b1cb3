import { describe, expect, it } from 'vitest';
import { anInstrument } from '../../../../test/support/instruments.js';
import { Company } from '../market-model/company.js';
import { Listing } from '../market-model/listing.js';
import { seededRandom } from '../market-model/seeded-random.js';
import { headerBody, tradingBody } from './bse.bodies.js';

const NOON = Date.parse('2025-10-14T06:12:30Z');

/** A scrip that closed at 1273.15. */
function aScrip(): Listing {
  const instrument = anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE', name: 'Reliance', bseCode: '500325' });
  return new Listing(instrument, new Company(1273.15, 0.01), 1273.15, seededRandom(1), NOON);
}

describe('the header', () => {
  it('has signed changes, two decimals, and Indian time to the minute', () => {
    const scrip = aScrip();
    scrip.print(1275, 10, NOON);
    scrip.print(1264.8, 10, NOON);
    expect(headerBody(scrip, scrip.last)).toMatchObject({
      CurrRate: { LTP: '1264.80', Chg: '-8.35', PcChg: '-0.66' },
      Cmpname: { FullN: 'RELIANCE', ShortN: 'reliance', EquityScrips: '500325' },
      Header: {
        PrevClose: '1273.15',
        Open: '1275.00',
        High: '1275.00',
        Low: '1264.80',
        LTP: '1264.80',
        Ason: '14 Oct 25 | 11:42',
        PERODIC_CALL_AUCTION: null,
        ASMText: '',
        NAVRate: '',
      },
      CompResp: { compRes: null, texturl: null },
    });
  });

  it.each([
    [1275, '+1.85', '+0.15'],
    [1273.15, '+0.00', '+0.00'],
    [1273.15 - 1e-9, '+0.00', '+0.00'],
  ])('of a scrip at %s has the change %s', (price, change, percent) => {
    expect(headerBody(aScrip(), price)).toMatchObject({ CurrRate: { Chg: change, PcChg: percent } });
  });

  it('shows the previous close before the first trade, and no day values', () => {
    const scrip = aScrip();
    expect(headerBody(scrip, scrip.last)).toMatchObject({
      CurrRate: { LTP: '1273.15' },
      Header: { LTP: '1273.15', Open: '', High: '', Low: '' },
    });
  });
});

describe('trading', () => {
  it.each([
    [528_000, '5.28', '(Lakh)'],
    [100_000, '1.00', '(Lakh)'],
    [99_999, '99999', ''],
    [5406, '5406', ''],
    [0, '0', ''],
  ])('tells %s shares as %s %s', (shares, quantity, unit) => {
    const scrip = aScrip();
    if (shares > 0) scrip.print(1264.8, shares, NOON);
    expect(tradingBody(scrip)).toMatchObject({ TTQ: quantity, TTQin: unit });
  });

  it('has the documented keys, all of them strings, with Indian grouping', () => {
    const scrip = aScrip();
    scrip.print(1264.8, 528_000, NOON);
    expect(tradingBody(scrip)).toEqual({
      CktLimit: '1527.75 / 1018.55',
      ExDate: '',
      MktCapFF: '63,240.00',
      MktCapFull: '1,26,480.00',
      TTQ: '5.28',
      TTQin: '(Lakh)',
      Turnover: '66.78',
      Turnoverin: '(Cr.)',
      TwoWkAvgQty: '5.28',
      TwoWkAvgQtyin: '(Lakh)',
      WAP: '1264.80',
      blockdttm: '',
    });
  });
});
