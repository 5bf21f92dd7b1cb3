import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExchangeCalendar, parseHolidaysCsv } from './exchange-calendar.js';
import { marketStatus } from './exchange-calendar-status.js';
import { TimeReader } from './exchange-calendar-time.js';

const listed = readFileSync('data/holidays.csv', 'utf8');
const calendar = new ExchangeCalendar(parseHolidaysCsv(`${listed}NSE,2026-11-08,Muhurat trading,18:15,19:15\n`));
const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

describe('a time as people write it', () => {
  // Wednesday, 11 November 2026, noon in India: the day before was a holiday
  const now = Date.parse('2026-11-11T06:30:00Z');
  const reader = new TimeReader(calendar, 'NSE', now);

  it.each([
    ['2026-11-20T09:15:00+05:30', '2026-11-20T03:45:00.000Z'],
    ['2026-11-20T03:45:00.125Z', '2026-11-20T03:45:00.125Z'],
    ['2026-11-20T09:15', '2026-11-20T03:45:00.000Z'],
    ['2026-11-20 09:15:30', '2026-11-20T03:45:30.000Z'],
    ['1795146300000', '2026-11-20T03:45:00.000Z'],
    ['2026-11-20', '2026-11-19T18:30:00.000Z'],
    ['today', '2026-11-10T18:30:00.000Z'],
    ['yesterday', '2026-11-08T18:30:00.000Z'],
    ['now', '2026-11-11T06:30:00.000Z'],
    ['-5d', '2026-11-06T06:30:00.000Z'],
    ['-90m', '2026-11-11T05:00:00.000Z'],
  ])('%s begins at %s', (text, at) => {
    expect(iso(reader.start(text))).toBe(at);
  });

  it('ends with its day when it is a date', () => {
    expect(iso(reader.end('2026-11-20'))).toBe('2026-11-20T18:30:00.000Z');
    expect(iso(reader.end('yesterday'))).toBe('2026-11-09T18:30:00.000Z');
    expect(iso(reader.end('2026-11-20T15:30'))).toBe('2026-11-20T10:00:00.000Z');
  });

  it.each(['', 'tomorrow', '2026-13-01', '2026-02-30', '1795146300', '-5y', '2026-11-20T25:00', '20261120', '5'])(
    '%j is none',
    (text) => {
      expect([reader.start(text), reader.end(text)]).toEqual([undefined, undefined]);
    },
  );

  it("follows an exchange's summer time", () => {
    const us = new TimeReader(calendar, 'NYSE', now);
    expect(iso(us.start('2026-01-15T09:30'))).toBe('2026-01-15T14:30:00.000Z');
    expect(iso(us.start('2026-07-15T09:30'))).toBe('2026-07-15T13:30:00.000Z');
    // the clock is put back on that day
    expect(iso(us.start('2026-11-01'))).toBe('2026-11-01T04:00:00.000Z');
    expect(iso(us.end('2026-11-01'))).toBe('2026-11-02T05:00:00.000Z');
  });
});

describe('the status of a market', () => {
  it.each<[string, string, string, string, string | undefined, string | undefined]>([
    ['NSE', '2026-11-20T03:00:00Z', 'closed', 'before hours', '2026-11-20T03:45:00.000Z', '2026-11-20T10:00:00.000Z'],
    [
      'NSE',
      '2026-11-20T03:35:00Z',
      'pre-open',
      'before the opening',
      '2026-11-20T03:45:00.000Z',
      '2026-11-20T10:00:00.000Z',
    ],
    // the next opening is behind a weekend
    ['NSE', '2026-11-20T06:00:00Z', 'open', 'trading hours', '2026-11-23T03:45:00.000Z', '2026-11-20T10:00:00.000Z'],
    [
      'NSE',
      '2026-11-20T10:10:00Z',
      'post-close',
      'after the close',
      '2026-11-23T03:45:00.000Z',
      '2026-11-23T10:00:00.000Z',
    ],
    ['NSE', '2026-11-21T06:00:00Z', 'closed', 'weekend', '2026-11-23T03:45:00.000Z', '2026-11-23T10:00:00.000Z'],
    [
      'NSE',
      '2026-11-10T06:00:00Z',
      'holiday',
      'Diwali Balipratipada',
      '2026-11-11T03:45:00.000Z',
      '2026-11-11T10:00:00.000Z',
    ],
    // a Sunday evening
    ['NSE', '2026-11-08T13:00:00Z', 'open', 'Muhurat trading', '2026-11-09T03:45:00.000Z', '2026-11-08T13:45:00.000Z'],
    ['NSE', '2026-11-07T06:00:00Z', 'closed', 'weekend', '2026-11-08T12:45:00.000Z', '2026-11-08T13:45:00.000Z'],
    ['NYSE', '2026-11-27T18:30:00Z', 'closed', 'after hours', '2026-11-30T14:30:00.000Z', '2026-11-30T21:00:00.000Z'],
    [
      'NYSE',
      '2026-11-27T17:30:00Z',
      'open',
      'Day after Thanksgiving',
      '2026-11-30T14:30:00.000Z',
      '2026-11-27T18:00:00.000Z',
    ],
  ])('of %s at %s is %s: %s', (exchange, at, phase, reason, nextOpen, nextClose) => {
    const { nextOpen: open, nextClose: close, ...status } = marketStatus(calendar, exchange, Date.parse(at));
    expect(status).toMatchObject({ phase, reason });
    expect([iso(open), iso(close)]).toEqual([nextOpen, nextClose]);
  });

  it('agrees with what the tick path asks, minute by minute', () => {
    for (const [exchange, from] of [
      ['NSE', '2026-11-06'],
      ['NYSE', '2026-11-25'],
    ] as const) {
      const start = Date.parse(from);
      for (let at = start; at < start + 5 * 86_400_000; at += 60_000) {
        const { phase } = marketStatus(calendar, exchange, at);
        expect(calendar.isContinuous(exchange, at)).toBe(phase === 'open');
        expect(calendar.isOpen(exchange, at)).toBe(['pre-open', 'open', 'post-close'].includes(phase));
      }
    }
  });

  it('is open all the time when it is to be', () => {
    const always = new ExchangeCalendar(parseHolidaysCsv(listed), { alwaysOpen: true });
    expect(marketStatus(always, 'NSE', Date.parse('2026-11-10T20:00:00Z'))).toMatchObject({ phase: 'open' });
    expect(always.isOpen('NSE', Date.parse('2026-11-08T20:00:00Z'))).toBe(true);
  });
});

it.each([
  'exchange,date,name,opens,closes\nNSE,2026-11-08,Muhurat,18:15,',
  'exchange,date,name,opens,closes\nNSE,2026-11-08,Muhurat,19:15,18:15',
  'exchange,date,name,opens,closes\nNSE,2026-11-08,Muhurat,6pm,7pm',
])('names the special session it cannot read of %j', (text) => {
  expect(() => parseHolidaysCsv(text)).toThrow(/holidays, line 2: opens and closes/);
});
