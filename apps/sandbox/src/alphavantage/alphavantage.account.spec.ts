import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { AlphaVantageAccount, PLANS } from './alphavantage.account.js';

const NOON = Date.parse('2026-03-02T12:00:00Z');

function anAccount(key: string): { clock: ManualClock; ask: () => string } {
  const clock = new ManualClock(NOON);
  const account = new AlphaVantageAccount(key, PLANS.get(key)!, clock);
  return { clock, ask: () => Object.values(account.ask() ?? { data: 'data' }).join() };
}

it('lets a free key call once a second, five times a minute, and 25 times a day', () => {
  const { clock, ask } = anAccount('free');
  expect(ask()).toBe('data');
  expect(ask()).toMatch(/1 request per second/);
  for (let i = 0; i < 3; i++) {
    clock.advance(1000);
    expect(ask()).toBe('data');
  }
  clock.advance(1000);
  expect(ask()).toMatch(/5 calls per minute/);
  for (let calls = 6; calls < 25; calls++) {
    clock.advance(60_000);
    expect(ask()).toBe('data');
  }
  clock.advance(60_000);
  expect(ask()).toMatch(/API key as free and our standard API rate limit is 25 requests per day/);
  clock.advance(12 * 3_600_000);
  expect(ask()).toBe('data');
});

it('lets a paid key call as often as its plan says, and as fast', () => {
  const { ask, clock } = anAccount('delayed');
  for (let i = 0; i < 75; i++) expect(ask()).toBe('data');
  expect(ask()).toMatch(/75 calls per minute/);
  clock.advance(60_000);
  expect(ask()).toBe('data');
});
