import { expect, it, vi } from 'vitest';
import { silentLog } from '#domain';
import type { RedisConnection } from '#redis';
import { anInstrument } from '../../../test/support/instruments.js';
import { CarriedList } from './carried-list.js';
import { FleetKeys } from './fleet-keys.js';
import type { SelfReport } from './self-report.js';

it('says that nothing is carried as it says what is', async () => {
  let kept: string | null = null;
  const commands = { get: async () => kept, set: async (_key: string, text: string) => void (kept = text) };
  const redis = { commands } as unknown as RedisConnection;
  const self = { carried: 0 } as SelfReport;
  const list = (): CarriedList => new CarriedList(redis, new FleetKeys(''), self, silentLog);
  await list().write([]);
  expect(self.carried).toBe(1);
  const reader = list();
  reader.heard({ kind: 'beat', term: 1, carried: 1 } as Parameters<CarriedList['heard']>[0]);
  await vi.waitFor(() => expect(reader.has(anInstrument({ id: 'NSE:A1' }))).toBe(false), 10_000);
});
