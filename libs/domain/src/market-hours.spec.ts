import { expect, it } from 'vitest';
import { isMarketOpen } from './market-hours.js';

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
  ['ELSEWHERE', '2026-01-18T15:00:00Z', true],
])('%s at %s: open is %s', (exchange, at, isOpen) => {
  expect(isMarketOpen(exchange, Date.parse(at))).toBe(isOpen);
});
