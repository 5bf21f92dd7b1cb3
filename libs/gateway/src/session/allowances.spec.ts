import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { Allowances } from './allowances.js';

const takes = (allowances: Allowances, user: string, times: number, perMinute: number): number =>
  Array.from({ length: times }, () => allowances.take(user, perMinute)).filter(Boolean).length;

it('gives each user so many a minute, and them back with time', () => {
  const clock = new ManualClock();
  const allowances = new Allowances(clock);
  expect([takes(allowances, 'a', 9, 6), takes(allowances, 'b', 2, 6)]).toEqual([6, 2]);
  clock.advance(20_000);
  expect(takes(allowances, 'a', 9, 6)).toBe(2);
});

it('forgets only users who have everything again', () => {
  const clock = new ManualClock();
  const allowances = new Allowances(clock);
  takes(allowances, 'a', 6, 6);
  clock.advance(30_000);
  allowances.sweep();
  expect(takes(allowances, 'a', 9, 6)).toBe(3);
  clock.advance(60_000);
  allowances.sweep();
  expect(takes(allowances, 'a', 9, 6)).toBe(6);
});

it('goes down with a smaller tier at once', () => {
  const allowances = new Allowances(new ManualClock());
  takes(allowances, 'a', 1, 100);
  expect(takes(allowances, 'a', 9, 3)).toBe(3);
});
