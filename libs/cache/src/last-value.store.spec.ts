import { beforeEach, expect, it } from 'vitest';
import { Epoch, F, InstrumentMaster } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { aTick, T0 } from '../../../test/support/ticks.js';
import { LastValueStore } from './last-value.store.js';

let store: LastValueStore;

beforeEach(() => {
  store = new LastValueStore(
    new InstrumentMaster([anInstrument({ id: 'NSE:A1' }), anInstrument({ id: 'NSE:B1' })]),
    new Epoch('e'),
  );
});

function advance(): { sequence: number; fields: number[] }[] {
  return store.advance([store.peek('NSE:A1')!]).map(({ sequence, changed }) => ({
    sequence,
    fields: Object.values(F).filter((slot) => (changed & (1 << slot)) !== 0),
  }));
}

it('merges ticks that carry different fields', () => {
  store.apply(aTick({ price: 100, previousClose: 98 }));
  store.apply(aTick({ bid: 99.95, volume: 5, eventTime: T0 }));
  expect(store.peek('NSE:A1')!.quote()).toEqual({
    symbol: 'NSE:A1',
    companyName: 'A1 Limited',
    price: 100,
    previousClose: 98,
    change: 2,
    changePercent: 2.04,
    bid: 99.95,
    volume: 5,
    timestamp: new Date(T0).toISOString(),
    source: 'v',
    stale: false,
  });
});

it('clears a field a vendor says is gone', () => {
  store.apply(aTick({ price: 100, bid: 99.95 }));
  store.apply(aTick({ bid: NaN }));
  expect(store.peek('NSE:A1')!.quote()).not.toHaveProperty('bid');
});

it('counts one sequence per published change, and none when the value came back', () => {
  store.apply(aTick({ price: 100 }));
  expect(advance()).toMatchObject([{ sequence: 1 }]);
  store.apply(aTick({ price: 101 }));
  store.apply(aTick({ price: 100 }));
  expect(advance()).toEqual([]);
  store.apply(aTick({ price: 102 }));
  expect(advance()).toEqual([{ sequence: 2, fields: [F.price] }]);
});

it('says whether a tick changed anything a client would see', () => {
  expect(store.apply(aTick({ price: 100 }))).toBe(true);
  expect(store.apply(aTick({ price: 100, receivedAt: T0 + 1000 }))).toBe(false);
  expect(store.peek('NSE:A1')!.confirmedAt).toBe(T0 + 1000);
});

it('keeps the values before and at the published position apart', () => {
  store.apply(aTick({ price: 100 }));
  advance();
  store.apply(aTick({ price: 101 }));
  advance();
  const { previous, values } = store.peek('NSE:A1')!;
  expect([previous[F.price], values[F.price]]).toEqual([100, 101]);
});

it('marks staleness as a change like any other, and a tick takes it back', () => {
  const state = store.peek('NSE:A1')!;
  expect(state.markStale(true)).toBe(false);
  store.apply(aTick({ price: 100 }));
  advance();
  expect(state.markStale(true)).toBe(true);
  expect(advance()).toEqual([{ sequence: 2, fields: [F.stale] }]);
  store.apply(aTick({ price: 100 }));
  expect(advance()).toEqual([{ sequence: 3, fields: [F.stale] }]);
});

it('knows nothing of an instrument the master does not have', () => {
  expect(store.peek('NSE:NOPE')).toBeUndefined();
  expect(store.apply(aTick({ instrument: 'NSE:NOPE', price: 1 }))).toBe(false);
});
