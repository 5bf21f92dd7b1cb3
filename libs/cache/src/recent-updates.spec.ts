import { beforeEach, expect, it } from 'vitest';
import { Epoch, InstrumentMaster } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { aTick } from '../../../test/support/ticks.js';
import { LastValueStore } from './last-value.store.js';
import { RecentUpdates } from './recent-updates.js';

let clock: ManualClock;
let recent: RecentUpdates;
let store: LastValueStore;

beforeEach(() => {
  clock = new ManualClock();
  recent = new RecentUpdates(clock, 3, 1000);
  const master = [
    anInstrument({ id: 'NSE:A1', name: 'Alpha Bank' }),
    anInstrument({ id: 'NSE:B1', name: 'Beta Steel' }),
  ];
  store = new LastValueStore(new InstrumentMaster(master), new Epoch('e'));
});

function add(instrument: string, price: number): void {
  store.apply(aTick({ instrument, price }));
  for (const delta of store.advance([store.peek(instrument)!])) recent.add(delta);
}

const prices = (): unknown[] => recent.find(10).map(({ quote }) => quote.price);

it('keeps the newest, newest first, and lets the oldest go', () => {
  for (const price of [1, 2, 3, 4]) add('NSE:A1', price);
  expect(prices()).toEqual([4, 3, 2]);
  expect(recent.find(1)).toMatchObject([{ seq: 4, publishedAt: clock.now(), quote: { symbol: 'NSE:A1' } }]);
});

it('forgets what is older than its time', () => {
  add('NSE:A1', 1);
  clock.advance(600);
  add('NSE:A1', 2);
  clock.advance(600);
  expect(prices()).toEqual([2]);
  expect(recent.stats()).toMatchObject({ size: 1, capacity: 3, added: 2 });
});

it('finds by symbol and by any part of the name', () => {
  add('NSE:A1', 1);
  add('NSE:B1', 2);
  expect(recent.find(10, { symbol: 'NSE:B1' })).toHaveLength(1);
  expect(recent.find(10, { text: 'bank' }).map(({ quote }) => quote.symbol)).toEqual(['NSE:A1']);
  expect(recent.find(10, { text: 'nse:' })).toHaveLength(2);
});

it('is empty once cleared, and goes on', () => {
  add('NSE:A1', 1);
  expect(recent.clear()).toBe(1);
  expect(prices()).toEqual([]);
  add('NSE:A1', 2);
  expect(prices()).toEqual([2]);
});

it('holds values as they were, not as they became', () => {
  add('NSE:A1', 1);
  add('NSE:A1', 2);
  expect(prices()).toEqual([2, 1]);
});
