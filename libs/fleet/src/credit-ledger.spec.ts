import { expect, it } from 'vitest';
import { type SpentAccount, silentLog } from '#domain';
import type { RedisConnection } from '#redis';
import { CreditLedger } from './credit-ledger.js';
import { FleetKeys } from './fleet-keys.js';

it('knows the plans of which Redis has told, and those of other vendors only later', async () => {
  const failing = new Set(['one']);
  const get = async (key: string): Promise<string> => {
    if ([...failing].some((vendor) => key.includes(vendor))) throw new Error('CLUSTERDOWN');
    return '5';
  };
  const redis = { commands: { get } } as unknown as RedisConnection;
  const ledger = new CreditLedger(redis, new FleetKeys(''), silentLog);
  const raised: string[] = [];
  const account = (vendor: string): SpentAccount => ({
    vendor,
    ms: 86_400_000,
    present: () => ({ span: 1, credits: 0 }),
    raise: (_span, credits) => void raised.push(`${vendor} ${credits}`),
  });
  for (const vendor of ['one', 'two']) ledger.share(account(vendor));
  ledger.begin();
  expect(['one', 'two', 'free'].map((vendor) => ledger.knows(vendor))).toEqual([false, false, true]);
  expect(await ledger.reconcile()).toBe(false);
  expect(['one', 'two'].map((vendor) => ledger.knows(vendor))).toEqual([false, true]);
  failing.clear();
  expect(await ledger.reconcile()).toBe(true);
  expect(ledger.knows('one')).toBe(true);
  expect(raised).toEqual(['two 5', 'one 5', 'two 5']);
});
