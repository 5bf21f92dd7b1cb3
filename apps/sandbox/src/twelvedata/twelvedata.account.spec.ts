import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { PLANS, TwelveDataAccount } from './twelvedata.account.js';

const MINUTE_MS = 60_000;
const BEFORE_NOON = Date.parse('2026-03-02T11:59:50Z');

function anAccount(key: string): { clock: ManualClock; account: TwelveDataAccount } {
  const clock = new ManualClock(BEFORE_NOON);
  return { clock, account: new TwelveDataAccount(PLANS.get(key)!, clock) };
}

it('gives credits by the clock minute, and counts what it refuses', () => {
  const { clock, account } = anAccount('free');
  expect(account.spend(5)).toBeUndefined();
  expect(account.headers()).toEqual({ 'api-credits-used': '5', 'api-credits-left': '3' });
  expect(account.spend(4)?.message).toMatch(
    /for the current minute\. 9 API credits were used, with the current limit being 8/,
  );
  expect(account.headers()).toEqual({ 'api-credits-used': '9', 'api-credits-left': '0' });
  clock.advance(10_000);
  expect(account.spend(8)).toBeUndefined();
});

it('gives credits by the day in UTC', () => {
  const { clock, account } = anAccount('free');
  for (let minute = 0; minute < 100; minute++) {
    expect(account.spend(8)).toBeUndefined();
    clock.advance(MINUTE_MS);
  }
  expect(account.spend(1)?.message).toMatch(
    /for the day\. 801 API credits were used, with the current limit being 800/,
  );
  expect(account.usage()).toMatchObject({ daily_usage: 801, plan_daily_limit: 800, plan_category: 'basic' });
  clock.advance(12 * 3_600_000);
  expect(account.spend(1)).toBeUndefined();
});

it('gives a paid key no limit of the day', () => {
  const { clock, account } = anAccount('sandbox');
  for (let minute = 0; minute < 10; minute++) {
    expect(account.spend(610)).toBeUndefined();
    clock.advance(MINUTE_MS);
  }
});
