import { expect, it } from 'vitest';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import type { Listing } from '../market-model/listing.js';
import { Market, type MarketOptions } from '../market-model/market.js';
import { MinuteGraph } from './bse.graph.js';

const NOON = Date.parse('2025-10-14T06:12:30Z');

interface Body {
  readonly Data: string;
  readonly PrevClose: string;
}

interface Parts {
  readonly clock: ManualClock;
  readonly market: Market;
  readonly listing: Listing;
  body(isToday?: boolean): Body;
}

/** One scrip that closed at 1273.15, and its graph. */
function aGraph(session: MarketOptions['session']): Parts {
  const clock = new ManualClock(NOON);
  const instrument = anInstrument({ id: 'BSE:500325', bseCode: '500325', name: 'Reliance' });
  const market = new Market([{ instrument, price: 1273.15 }], clock, {
    seed: 1,
    ticksPerSecond: 0.01,
    session,
    stepMs: 1000,
  });
  const graph = new MinuteGraph(market);
  const listing = market.listings.get('BSE:500325') as Listing;
  return { clock, market, listing, body: (isToday = true) => graph.body(listing, isToday) as Body };
}

it('has a point a minute: its last price and its own volume, as a text, in no order', () => {
  const { clock, market, listing, body } = aGraph('always');
  expect(body()).toEqual({ Scripname: 'RELIANCE', CurrVal: '1273.15', PrevClose: '1273.15', Data: '' });
  for (const price of [1270, 1271, 1272, 1273]) {
    market.print(listing.instrument.id, price);
    clock.advance(30_000);
  }
  expect(JSON.parse(body().Data)).toEqual([
    { dttm: 'Tue Oct 14 2025 11:44:00', vale1: '1273.00', vole: '1' },
    { dttm: 'Tue Oct 14 2025 11:42:00', vale1: '1270.00', vole: '1' },
    { dttm: 'Tue Oct 14 2025 11:43:00', vale1: '1272.00', vole: '2' },
  ]);
  expect(body(false).Data).toBe('');
});

it('begins anew with the first trade of a day, not with the first order', () => {
  const { clock, market, body } = aGraph('clock');
  market.step();
  const before = JSON.parse(body().Data) as unknown[];
  expect(before).toEqual([expect.objectContaining({ dttm: 'Tue Oct 14 2025 11:42:00' })]);
  clock.advance(Date.parse('2025-10-15T09:05:00+05:30') - NOON);
  market.step();
  expect(JSON.parse(body().Data)).toEqual(before);
  clock.advance(15 * 60_000);
  market.step();
  expect(JSON.parse(body().Data)).toEqual([expect.objectContaining({ dttm: 'Wed Oct 15 2025 09:20:00' })]);
});
