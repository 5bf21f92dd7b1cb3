import { describe, expect, it } from 'vitest';
import { ExchangeCalendar, tick } from '#domain';
import { PreviousCloses, sessionsBefore } from './replay-closes.js';
import type { AskTicks } from './replay-rows.js';
import { spanOf } from './replay-span.js';

const WANTED = {
  file: undefined,
  url: undefined,
  apiKey: undefined,
  symbols: [],
  from: undefined,
  to: undefined,
};
const NONE: ReadonlySet<string> = new Set();
const hours = new ExchangeCalendar([]);
const day = (date: string, timeZone = 'Asia/Kolkata') => spanOf(date, { ...WANTED, date, timeZone });
const iso = (at: number): string => new Date(at).toISOString().slice(0, 16);

function sessions(date: string, exchange: string, timeZone?: string, calendar = hours): string[][] {
  const found = sessionsBefore(day(date, timeZone), new Set([exchange]), calendar);
  return found.map(({ from, to, since }) => [from, to, since].map(iso));
}

describe('sessions before a recorded day', () => {
  it('are looked at from a quarter of an hour before the close to the end of its minute', () => {
    expect(sessions('2026-11-20', 'NSE')).toEqual([['2026-11-19T09:45', '2026-11-19T10:01', '2026-11-19T18:30']]);
    const newYork = sessions('2026-11-23', 'NYSE', 'America/New_York');
    // over a weekend
    expect(newYork).toEqual([['2026-11-20T20:45', '2026-11-20T21:01', '2026-11-23T05:00']]);
  });

  it('are one for each date that the exchange has in a day of another time zone', () => {
    expect(sessions('2026-11-20', 'NYSE')).toEqual([
      ['2026-11-18T20:45', '2026-11-18T21:01', '2026-11-19T05:00'],
      ['2026-11-19T20:45', '2026-11-19T21:01', '2026-11-20T05:00'],
    ]);
    expect(sessions('2026-11-22', 'NYSE')).toEqual([['2026-11-20T20:45', '2026-11-20T21:01', '2026-11-21T05:00']]);
  });

  it('take nothing of the day after, where an exchange never closes', () => {
    const always = new ExchangeCalendar([], { alwaysOpen: true });
    const expected = [['2026-11-22T18:15', '2026-11-22T18:30', '2026-11-22T18:30']];
    expect(sessions('2026-11-23', 'NSE', undefined, always)).toEqual(expected);
  });

  it('are of all exchanges where none is named', () => {
    const found = sessionsBefore(day('2026-11-20'), NONE, hours).map(({ exchange }) => exchange);
    expect(new Set(found)).toEqual(new Set(hours.exchanges));
  });
});

/** Answers as an engine that holds one last minute of each symbol and session. */
function closes(held: Readonly<Record<string, readonly [at: string, price: number][]>>): PreviousCloses {
  const ask: AskTicks = (_sql, { from, to, exchange }) => {
    const lines = Object.entries(held).flatMap(([s, prices]) =>
      prices
        .filter(
          ([at]) => s.startsWith(String(exchange)) && Date.parse(at) >= Number(from) && Date.parse(at) < Number(to),
        )
        .map(([, c]) => JSON.stringify({ s, c })),
    );
    return Promise.resolve(Buffer.from(lines.join('\n')));
  };
  return new PreviousCloses(ask, sessionsBefore(day('2026-11-20'), NONE, hours), new Set());
}

async function told(known: PreviousCloses, instrument: string, times: readonly string[]): Promise<unknown[]> {
  const tickOf = await known.begin();
  return times.map((at) => {
    const time = Date.parse(at);
    const row = { tick: tick({ instrument, vendor: 'bse', receivedAt: time, price: 200 }), time, late: false, size: 1 };
    return tickOf(row).previousClose;
  });
}

// from India's midnight on: New York's afternoon, its evening, and the next day
const TIMES = ['2026-11-19T18:30Z', '2026-11-19T20:59Z', '2026-11-19T23:00Z', '2026-11-20T14:30Z', '2026-11-20T15:00Z'];

describe('previous closes', () => {
  it('are never of a time that is still to come', async () => {
    const known = closes({
      'NYSE:IBM': [
        ['2026-11-18T21:00Z', 198],
        ['2026-11-19T21:00Z', 203],
      ],
    });
    expect(await told(known, 'NYSE:IBM', TIMES)).toEqual([198, undefined, undefined, 203, undefined]);
    expect(await told(known, 'NYSE:IBM', TIMES.slice(3))).toEqual([203, undefined]);
  });

  it('are not those of two days before', async () => {
    const known = closes({ 'NYSE:IBM': [['2026-11-18T20:50Z', 198]], 'NYSE:GE': [['2026-11-19T20:50Z', 203]] });
    expect(await told(known, 'NYSE:IBM', TIMES.slice(3))).toEqual([undefined, undefined]);
    expect(await told(known, 'NYSE:GE', TIMES)).toEqual([undefined, undefined, undefined, 203, undefined]);
  });
});
