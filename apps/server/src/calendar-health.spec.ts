import { expect, it } from 'vitest';
import { ExchangeCalendar } from '#domain';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { CalendarHealth } from './calendar-health.js';

const calendar = new ExchangeCalendar(
  ['NSE', 'NYSE'].map((exchange) => ({ exchange, date: '2026-12-25', name: 'Christmas', hours: undefined })),
);
const at = (time: string): CalendarHealth =>
  new CalendarHealth(calendar, ['NSE', 'NYSE'], new ManualClock(Date.parse(time)));

it('is well while the holidays of the year are known', () => {
  expect(at('2026-11-20T06:00:00Z').report()).toEqual({ state: 'up' });
});

it("asks for the next year's list two weeks before it begins, by each exchange's clock", () => {
  expect(at('2026-12-17T20:00:00Z').report()).toEqual({ state: 'degraded', holidaysUnknown: ['NSE 2027'] });
  expect(at('2026-12-20T00:00:00Z').unknown()).toEqual(['NSE 2027', 'NYSE 2027']);
});

it('says which year is without a list', () => {
  expect(at('2027-03-01T00:00:00Z').report()).toEqual({
    state: 'degraded',
    holidaysUnknown: ['NSE 2027', 'NYSE 2027'],
  });
});

it('does not take a special session for a list of holidays', () => {
  const muhurat = { exchange: 'NSE', date: '2027-10-29', name: 'Muhurat trading', hours: [1095, 1155] } as const;
  expect(new ExchangeCalendar([muhurat]).knowsHolidays('NSE', 2027)).toBe(false);
});
