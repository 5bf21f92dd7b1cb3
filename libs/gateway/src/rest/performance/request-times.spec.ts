import { expect, it } from 'vitest';
import { ManualClock } from '../../../../../test/support/manual-clock.js';
import { RequestTimes } from './request-times.js';

it('counts an answer on the day it is given, whoever tells of it', () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 21, 23, 59));
  const times = new RequestTimes(clock);
  times.observe('GET /api/v1/quotes', 200, 1);
  clock.advance(3_600_000);
  times.observe('GET /api/v1/quotes', 200, 1);
  expect([times.report()[0]?.requests, times.date]).toEqual([1, '2026-11-22']);
});
