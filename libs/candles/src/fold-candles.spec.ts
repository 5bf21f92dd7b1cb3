import { describe, expect, it } from 'vitest';
import { ExchangeCalendar, parseHolidaysCsv } from '#domain';
import type { HistoryInterval } from './candle-intervals.js';
import { type BaseCandle, fillCandles, foldCandles } from './fold-candles.js';
import { type CountedHours, IntervalClock } from './interval-clock.js';

const calendar = new ExchangeCalendar(
  parseHolidaysCsv(
    'exchange,date,name,opens,closes\nNSE,2026-11-08,Muhurat trading,18:15,19:15\nNSE,2026-11-10,Diwali,,\n',
  ),
);
const at = (text: string): number => Date.parse(`${text}+05:30`);
const clock = (interval: HistoryInterval, hours: CountedHours = 'regular', exchange = 'NSE'): IntervalClock =>
  new IntervalClock(calendar, exchange, { interval, hours, countedFrom: 'midnight' });
const base = (start: number, price: number, volume = 1): BaseCandle => ({
  start,
  open: price,
  high: price + 2,
  low: price - 1,
  close: price + 1,
  volume,
  corrected: false,
});
const starts = (found: Iterable<{ start: number }>): string[] =>
  Array.from(found, ({ start }) => new Date(start + 330 * 60_000).toISOString().slice(5, 16));

describe('intervals', () => {
  it('of a session begin with its opening and end with its close', () => {
    const day = [...clock('1h').between(at('2026-11-20T00:00'), at('2026-11-21T00:00'))];
    expect(starts(day)).toEqual(
      ['09:15', '10:00', '11:00', '12:00', '13:00', '14:00', '15:00'].map((time) => `11-20T${time}`),
    );
    expect(day.at(-1)?.end).toBe(at('2026-11-20T15:30'));
    expect([...clock('5m').between(at('2026-11-20T00:00'), at('2026-11-21T00:00'))]).toHaveLength(75);
  });

  it('pass over weekends and holidays, but not a special session', () => {
    const days = clock('1d').between(at('2026-11-06T00:00'), at('2026-11-12T00:00'));
    expect(starts(days)).toEqual(['11-06T09:15', '11-08T18:15', '11-09T09:15', '11-11T09:15']);
    expect(starts(clock('15m').between(at('2026-11-08T00:00'), at('2026-11-09T00:00')))).toHaveLength(4);
  });

  it('have what is traded in the opening auction of India, but nothing before hours in New York', () => {
    expect(clock('5m').intervalOf(at('2026-11-20T09:07'))?.start).toBe(at('2026-11-20T09:15'));
    expect(clock('5m').intervalOf(at('2026-11-20T08:59:59'))).toBeUndefined();
    expect(clock('5m', 'regular', 'NYSE').intervalOf(Date.parse('2026-01-15T14:29:00Z'))).toBeUndefined();
    expect(clock('5m', 'all', 'NYSE').intervalOf(Date.parse('2026-01-15T14:29:00Z'))).toMatchObject({
      start: Date.parse('2026-01-15T14:25:00Z'),
      outside: true,
    });
  });
});

describe('candles made of shorter ones', () => {
  it('have the first open, the last close, the extremes and the sum', () => {
    const parts = [
      base(at('2026-11-20T09:16'), 100, 5),
      base(at('2026-11-20T09:19'), 90, 6),
      base(at('2026-11-20T09:20'), 95, 7),
    ];
    const [first, second] = foldCandles(parts, clock('5m'));
    expect(first).toMatchObject({ open: 100, high: 102, low: 89, close: 91, volume: 11 });
    expect(second).toMatchObject({ open: 95, volume: 7 });
  });

  it('are corrected when one of them is', () => {
    const parts = [base(at('2026-11-20T09:16'), 100), { ...base(at('2026-11-20T09:17'), 90), corrected: true }];
    expect(foldCandles(parts, clock('5m'))).toMatchObject([{ corrected: true }]);
  });
});

it('silent intervals are filled with the close before them, from the first on or from a price before', () => {
  const candles = foldCandles([base(at('2026-11-20T09:25'), 100)], clock('5m'));
  const intervals = [...clock('5m').between(at('2026-11-20T09:15'), at('2026-11-20T09:40'))];
  const prices = (price: number | undefined): object[] =>
    fillCandles(candles, intervals, price).map(({ close, volume, filled }) => [close, volume, filled]);
  expect(prices(80)).toEqual([
    [80, 0, true],
    [80, 0, true],
    [101, 1, undefined],
    [101, 0, true],
    [101, 0, true],
  ]);
  expect(prices(undefined)).toEqual([
    [101, 1, undefined],
    [101, 0, true],
    [101, 0, true],
  ]);
});
