import { describe, expect, it } from 'vitest';
import { bseCloseOf, bseDay, bseGraphTime, bseTime, isBeforeOpen } from './bse.times.js';

describe('the time of a header', () => {
  it.each<[unknown, number | undefined]>([
    ['11 Oct 23 | 16:00', Date.UTC(2023, 9, 11, 10, 30)],
    ['01 Jan 26 | 00:00', Date.UTC(2025, 11, 31, 18, 30)],
    ['1 Feb 2026 |09:15', Date.UTC(2026, 1, 1, 3, 45)],
    ['29 Feb 24 | 10:00', Date.UTC(2024, 1, 29, 4, 30)],
    ['29 Feb 25 | 10:00', undefined],
    ['11 Oct 23 | 24:00', undefined],
    ['11 Oct 23 | 10:60', undefined],
    ['11 Foo 23 | 16:00', undefined],
    ['11 Oct 123 | 16:00', undefined],
    ['', undefined],
    [undefined, undefined],
    [1_700_000_000_000, undefined],
  ])('%j', (text, expected) => {
    expect(bseTime(text)).toBe(expected);
  });
});

describe('the time of a point of the graph', () => {
  it.each<[unknown, number | undefined]>([
    ['Wed Oct 11 2023 09:15:00', Date.UTC(2023, 9, 11, 3, 45)],
    ['Wed Oct  1 2025 15:29:59', Date.UTC(2025, 9, 1, 9, 59, 59)],
    ['Oct 11 2023 09:15:00', Date.UTC(2023, 9, 11, 3, 45)],
    ['Wed Oct 32 2023 09:15:00', undefined],
    ['Wed Oct 11 2023', undefined],
    [null, undefined],
  ])('%j', (text, expected) => {
    expect(bseGraphTime(text)).toBe(expected);
  });
});

it.each<[unknown, number | undefined]>([
  ['2025-10-14', Date.UTC(2025, 9, 14, 10)],
  ['2025-13-14', undefined],
  ['14-10-2025', undefined],
  [undefined, undefined],
])('the close of %j', (text, expected) => {
  expect(bseCloseOf(text)).toBe(expected);
});

it('begins the day at Indian midnight, and the session at a quarter past nine', () => {
  const midnight = Date.UTC(2025, 9, 13, 18, 30);
  expect(bseDay(midnight) - bseDay(midnight - 1)).toBe(1);
  expect(isBeforeOpen(midnight)).toBe(true);
  expect(isBeforeOpen(midnight + 9.25 * 3_600_000 - 1)).toBe(true);
  expect(isBeforeOpen(midnight + 9.25 * 3_600_000)).toBe(false);
  expect(isBeforeOpen(midnight - 1)).toBe(false);
});
