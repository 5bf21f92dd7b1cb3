import { expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.parse('2026-11-20T10:00:00Z');

it.each([
  ['5', 5000],
  [' 0 ', 0],
  ['Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
  ['Fri, 20 Nov 2026 09:00:00 GMT', 0],
  // longer than a timer can wait
  ['99999999999', 3_600_000],
  ['soon', undefined],
  ['', undefined],
  [['5', '6'], undefined],
  [undefined, undefined],
])('%j means %j ms', (value, ms) => {
  expect(retryAfterMs(value, NOW)).toBe(ms);
});
