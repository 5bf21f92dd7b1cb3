import { expect, it } from 'vitest';
import { Epoch, InstrumentMaster, type MarketDataError, tick } from '#domain';
import type { QuoteStatus } from '#protocol';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { LastValueStore } from './last-value.store.js';
import { QuoteCache } from './quote-cache.js';
import { QuoteReader, type ValueSource } from './quote-reader.js';

it('reads what memory answers when the slowest of the list has come, not before', async () => {
  const clock = new ManualClock();
  const store = new LastValueStore(
    new InstrumentMaster(['NSE:A1', 'NSE:B1', 'NSE:C1'].map((id) => anInstrument({ id }))),
    new Epoch('e'),
  );
  const told = (instrument: string, price: number): boolean =>
    store.apply(tick({ instrument, vendor: 'v', receivedAt: clock.now(), price }));
  const arrivals = new Map<string, () => void>();
  let status: QuoteStatus = 'live';
  const source: ValueSource = {
    isCurrent: (state) => state.instrument.id === 'NSE:A1',
    statusOf: () => status,
    doubts: () => false,
    requested: () => undefined,
    refresh: async ({ instrument }) =>
      await new Promise<MarketDataError | undefined>((resolve) => {
        arrivals.set(instrument.id, () => {
          told(instrument.id, 50);
          resolve(undefined);
        });
      }),
  };
  const limits = { keyPrefix: '', l1TtlMs: 0, l2TtlMs: 1, l2TimeoutMs: 1, failureTtlMs: 1 };
  const reader = new QuoteReader(store, new QuoteCache(limits, clock), source, clock, 1000);
  told('NSE:A1', 100);
  const reading = reader.read(['NSE:A1', 'NSE:B1', 'NSE:C1']);
  await new Promise((resolve) => setTimeout(resolve, 5));
  arrivals.get('NSE:B1')?.();
  await new Promise((resolve) => setTimeout(resolve, 5));
  clock.advance(3000);
  told('NSE:A1', 120);
  clock.advance(1000);
  status = 'delayed';
  arrivals.get('NSE:C1')?.();
  const pricedAt = clock.now() - 1000;
  expect((await reading).quotes).toMatchObject([
    { quote: { price: 120 }, layer: 'l1', status: 'delayed', age: 1000, provenance: { pricedAt } },
    { quote: { price: 50 }, layer: 'l3', age: 4000 },
    { quote: { price: 50 }, layer: 'l3', age: 0 },
  ]);
});
