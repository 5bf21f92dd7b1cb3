import { expect, it } from 'vitest';
import { ExchangeCalendar } from '#domain';
import { dayOf } from './replay-span.js';

it('yesterday is the last trading day', () => {
  const calendar = new ExchangeCalendar([]);
  const isTradingDay = (day: string): boolean => calendar.session('NSE', day) !== undefined;
  const monday = { now: () => Date.parse('2026-11-23T12:00:00+05:30') };
  expect(dayOf('yesterday', 'Asia/Kolkata', monday, isTradingDay)).toBe('2026-11-20');
  expect(dayOf('today', 'Asia/Kolkata', monday, isTradingDay)).toBe('2026-11-23');
});
