import { describe, expect, it } from 'vitest';
import { anInstrument } from '../../../../test/support/instruments.js';
import { Company } from '../market-model/company.js';
import { Listing } from '../market-model/listing.js';
import { seededRandom } from '../market-model/seeded-random.js';
import { depthBody, headerBody, type Moment, tradingBody } from './bse.bodies.js';

const NOON = Date.parse('2025-10-14T06:12:30Z');
const TRADING: Moment = { now: NOON, phase: 'continuous' };
const HOUR = 3_600_000;

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
    expect(headerBody(scrip, scrip.last, TRADING)).toMatchObject({
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
    expect(headerBody(aScrip(), price, TRADING)).toMatchObject({ CurrRate: { Chg: change, PcChg: percent } });
  });

  it('shows the previous close before the first trade, and no day values', () => {
    const scrip = aScrip();
    expect(headerBody(scrip, scrip.last, TRADING)).toMatchObject({
      CurrRate: { LTP: '1273.15' },
      Header: { LTP: '1273.15', Open: '', High: '', Low: '' },
    });
  });
});

describe('the header of a scrip that does not trade', () => {
  it('has a notice and the last price during a halt', () => {
    const scrip = aScrip();
    scrip.haltedUntil = NOON + 1;
    expect(headerBody(scrip, scrip.last, TRADING)).toMatchObject({
      CurrRate: { LTP: '1273.15' },
      Header: { DisplayText: 'Trading in the scrip is halted' },
    });
  });

  it('has a notice and no price when it is suspended', () => {
    const scrip = aScrip();
    scrip.haltedUntil = NOON + 2 * HOUR;
    expect(headerBody(scrip, scrip.last, TRADING)).toMatchObject({
      CurrRate: { LTP: '', Chg: '', PcChg: '' },
      Header: { LTP: '', PrevClose: '1273.15', DisplayText: 'Trading in the scrip is suspended' },
    });
  });

  it('has the auction in its block before the open, beside the last price', () => {
    expect(headerBody(aScrip(), 1273.15, { now: NOON, phase: 'pre-open' })).toMatchObject({
      Header: {
        LTP: '1273.15',
        PRE_OPEN_I_PRICE: expect.stringMatching(/^\d+\.\d\d$/) as string,
        PRE_OPEN_NO_I_PRICE: '',
      },
    });
  });

  it.each([
    ['2025-10-14T10:15:00Z', '14 Oct 25 | 15:45'],
    ['2025-10-14T16:00:00Z', '14 Oct 25 | 16:00'],
    ['2025-10-15T02:00:00Z', '14 Oct 25 | 16:00'],
    // a Monday before the open
    ['2025-10-20T03:00:00Z', '17 Oct 25 | 16:00'],
  ])('shows at %s the time %s, since the market is closed', (now, shown) => {
    expect(headerBody(aScrip(), 1273.15, { now: Date.parse(now), phase: 'closed' })).toMatchObject({
      Header: { Ason: shown },
    });
  });
});

describe('depth', () => {
  it('has five levels on both sides, the best first, all of it text', () => {
    const scrip = aScrip();
    const depth = depthBody(scrip, TRADING) as Record<string, string>;
    expect(depth).toMatchObject({
      BPrice1: scrip.bid.toFixed(2),
      SPrice1: scrip.ask.toFixed(2),
      BQty1: String(scrip.bidSize),
    });
    expect(Number(depth['BPrice5'])).toBeCloseTo(scrip.bid - 0.2, 6);
    expect(Number(depth['SPrice5'])).toBeCloseTo(scrip.ask + 0.2, 6);
    expect(Object.values(depth).every((value) => typeof value === 'string')).toBe(true);
  });

  it('is nothing while the market is closed or the scrip suspended', () => {
    const scrip = aScrip();
    expect(depthBody(scrip, { now: NOON, phase: 'closed' })).toBeUndefined();
    scrip.haltedUntil = Infinity;
    expect(depthBody(scrip, TRADING)).toBeUndefined();
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
