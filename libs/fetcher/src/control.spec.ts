import { expect, it } from 'vitest';
import { type Instrument, InstrumentMaster, type SnapshotSource } from '#domain';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { anInstrument } from '../../../test/support/instruments.js';
import { Control } from './control.js';
import type { Demand } from './demand.js';
import type { FeedSupervisor } from './feed-supervisor.js';
import { Pauses } from './pauses.js';
import type { Refresher } from './refresher.js';

it('has each source asked once for all that a refresh of everything comes to, in a moment', () => {
  const clock = new ManualClock();
  const all = Array.from({ length: 20_000 }, (_, i) => anInstrument({ id: `NSE:C${i}` }));
  const source = { fetch: () => undefined, status: () => ({ state: 'live' }), unserved: () => new Set() };
  const asked: (readonly Instrument[])[] = [];
  const supervisor = { candidates: () => [source] } as unknown as FeedSupervisor;
  const refresher = {
    refresh: (_: SnapshotSource, instruments: readonly Instrument[]) => void asked.push(instruments),
  } as unknown as Refresher;
  const demand = { wanted: () => new Set(all.map(({ id }) => id)) } as unknown as Demand;
  const control = new Control(new Pauses(clock), new InstrumentMaster(all), supervisor, refresher, demand, clock);
  const before = process.cpuUsage();
  control.carryOut({ action: 'refresh', symbols: ['all'] });
  // time this process has worked, however many others share the machine
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(1000);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toEqual(all);
});
