import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { anInstrument } from '../../../../test/support/instruments.js';
import { aTick, T0 } from '../../../../test/support/ticks.js';
import { HistoryWriter } from './history-writer.js';
import type { Shipment } from './shipment.js';

const FLUSH_MS = 500;

function aWriter(): { writer: HistoryWriter; shipped: Shipment[]; clock: ManualClock; tell: (count: number) => void } {
  const clock = new ManualClock();
  const shipped: Shipment[] = [];
  const shipper = {
    add: (shipment: Shipment) => void shipped.push(shipment),
    emptied: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const writer = new HistoryWriter(shipper, FLUSH_MS, clock);
  const state = { instrument: anInstrument({ id: 'NSE:A1' }), wireId: 1 };
  let told = 0;
  const tell = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const at = T0 + told++;
      writer.accepted(aTick({ receivedAt: at, eventTime: at, price: 100, volume: told }), told, state);
    }
  };
  return { writer, shipped, clock, tell };
}

const rowsOf = (shipped: readonly Shipment[]): number => shipped.reduce((sum, { rows }) => sum + rows, 0);

it('packs behind the ticks at hand, and ships what there is each half second', () => {
  const { shipped, clock, tell } = aWriter();
  tell(2500);
  clock.advance(FLUSH_MS - 1);
  expect(shipped).toEqual([]);
  clock.advance(1);
  expect(shipped.map(({ table, rows }) => [table, rows])).toEqual([['tickwire.ticks', 2500]]);
  clock.advance(FLUSH_MS);
  expect(shipped).toHaveLength(1);
});

it('ships a full load before its time, and never while a tick is handled', () => {
  const { shipped, clock, tell } = aWriter();
  tell(140_000);
  expect(shipped).toEqual([]);
  clock.advance(0);
  expect(shipped.map(({ rows }) => rows)).toEqual([131_072]);
  clock.advance(FLUSH_MS);
  expect(rowsOf(shipped)).toBe(140_000);
});

it('ships all that was told when it is closed', async () => {
  const { writer, shipped, clock, tell } = aWriter();
  tell(5000);
  await writer.close();
  expect(rowsOf(shipped)).toBe(5000);
  clock.advance(10_000);
  expect(rowsOf(shipped)).toBe(5000);
});

it('tells vendors apart, however many there are', async () => {
  const { writer, shipped } = aWriter();
  const state = { instrument: anInstrument({ id: 'NSE:A1' }), wireId: 1 };
  for (let i = 0; i <= 65_536; i++)
    writer.accepted(aTick({ receivedAt: T0 + i, vendor: `v${i}`, price: 100, volume: i }), i, state);
  await writer.close();
  expect(shipped.some(({ bytes }) => bytes.includes('v65536'))).toBe(true);
});

it('holds no more memory than what it ships, of moved volume too', async () => {
  const { writer, shipped } = aWriter();
  const state = { instrument: anInstrument({ id: 'NSE:A1' }), wireId: 1 };
  const at = (eventTime: number, volume: number) => aTick({ receivedAt: T0 + 10, eventTime, price: 100, volume });
  writer.accepted(at(T0, 100), 100, state);
  writer.accepted(at(T0 + 10, 110), 110, state);
  writer.late(at(T0 + 5, 104), state);
  await writer.close();
  expect(shipped.map(({ table }) => table)).toEqual(['tickwire.ticks', 'tickwire.volume_moves']);
  for (const { bytes } of shipped) expect(bytes.buffer.byteLength).toBe(bytes.length);
});
