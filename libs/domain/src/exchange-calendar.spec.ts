import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ExchangeCalendar, parseHolidaysCsv } from './exchange-calendar.js';

const calendar = new ExchangeCalendar(parseHolidaysCsv(readFileSync('data/holidays.csv', 'utf8')));

it.each([
  ['NSE', '2026-11-20T03:29:00Z', false],
  ['NSE', '2026-11-20T03:30:00Z', true],
  ['BSE', '2026-11-20T10:29:59Z', true],
  ['BSE', '2026-11-20T10:30:00Z', false],
  ['NSE', '2026-11-21T06:00:00Z', false],
  // New York is five hours behind in winter and four in summer
  ['NASDAQ', '2026-01-15T08:59:00Z', false],
  ['NASDAQ', '2026-01-15T09:00:00Z', true],
  ['NYSE', '2026-07-15T08:00:00Z', true],
  ['NYSE', '2026-07-15T07:59:00Z', false],
  ['NASDAQ', '2026-07-16T00:00:00Z', false],
  ['NASDAQ', '2026-01-16T00:59:00Z', true],
  // Friday evening in New York is Saturday in UTC
  ['NYSE', '2026-01-17T00:30:00Z', true],
  ['NYSE', '2026-01-18T15:00:00Z', false],
  // Diwali is no holiday in New York, nor Thanksgiving in Mumbai
  ['NSE', '2026-11-10T06:00:00Z', false],
  ['NASDAQ', '2026-11-10T16:00:00Z', true],
  ['NYSE', '2026-11-26T16:00:00Z', false],
  ['BSE', '2026-11-26T06:00:00Z', true],
  ['ELSEWHERE', '2026-01-18T15:00:00Z', true],
])('%s at %s: open is %s', (exchange, at, isOpen) => {
  expect(calendar.isOpen(exchange, Date.parse(at))).toBe(isOpen);
});

it.each([
  'exchange,date\nNSE,26-01-2026',
  'exchange,date\nnse,2026-01-26',
  'exchange,date\nNSE,2026-13-26',
  'exchange\nNSE',
])('names what it cannot read of %j', (text) => {
  expect(() => parseHolidaysCsv(text)).toThrow(/holidays, line 2/);
});

it.each([
  ['NSE', '2026-11-20T03:44:59Z', false],
  ['NSE', '2026-11-20T03:45:00Z', true],
  ['BSE', '2026-11-20T09:59:59Z', true],
  ['BSE', '2026-11-20T10:00:00Z', false],
  ['NYSE', '2026-01-15T14:29:00Z', false],
  ['NYSE', '2026-01-15T14:30:00Z', true],
  ['NYSE', '2026-01-15T21:00:00Z', false],
])('%s at %s: trades all the time is %s', (exchange, at, isContinuous) => {
  expect(calendar.isContinuous(exchange, Date.parse(at))).toBe(isContinuous);
});
