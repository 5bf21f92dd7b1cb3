import { type EpochMs, utcOffsetMs } from '#domain';

export const MINUTE_MS = 60_000;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_MS = 1440 * MINUTE_MS;
const OPENS_AT_MINUTE = 9 * 60 + 15;

/** Epoch ms of `"14 Oct 25 | 11:42"`, which is Indian time to the minute; undefined for anything else. */
export function bseTime(value: unknown): EpochMs | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = /^\s*(\d{1,2}) ([A-Za-z]{3}) (\d{2}|\d{4})\s*\|\s*(\d{1,2}):(\d{2})\s*$/.exec(value);
  if (parts === null) return undefined;
  const [, day, month = '', year, hour, minute] = parts;
  const fullYear = Number(year) < 100 ? 2000 + Number(year) : Number(year);
  return fromIndia(fullYear, monthOf(month), Number(day), Number(hour), Number(minute));
}

/** Epoch ms of a point of the graph, `"Wed Oct 11 2023 09:15:00"`, Indian time; undefined for anything else. */
export function bseGraphTime(value: unknown): EpochMs | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = /^\s*(?:[A-Za-z]{3},? )?([A-Za-z]{3}) +(\d{1,2}) (\d{4}) (\d{1,2}):(\d{2}):(\d{2})\s*$/.exec(value);
  if (parts === null) return undefined;
  const [, month = '', day, year, hour, minute, second] = parts;
  return fromIndia(Number(year), monthOf(month), Number(day), Number(hour), Number(minute), Number(second));
}

/** Epoch ms of the close of a day, `"2025-10-14"`; undefined for anything else. */
export function bseCloseOf(value: unknown): EpochMs | undefined {
  const parts = typeof value === 'string' ? /^\s*(\d{4})-(\d{2})-(\d{2})\s*$/.exec(value) : null;
  if (parts === null) return undefined;
  const [, year, month, day] = parts;
  return fromIndia(Number(year), Number(month) - 1, Number(day), 15, 30);
}

/** Number of the Indian calendar day. */
export function bseDay(at: EpochMs): number {
  return Math.floor((at + utcOffsetMs('BSE')) / DAY_MS);
}

/** Whether the continuous session of the day has not begun. */
export function isBeforeOpen(at: EpochMs): boolean {
  return (at + utcOffsetMs('BSE')) % DAY_MS < OPENS_AT_MINUTE * MINUTE_MS;
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.toLowerCase());
}

/** Undefined where the calendar has no such day or the clock no such time. */
function fromIndia(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second = 0,
): EpochMs | undefined {
  const date = new Date(Date.UTC(year, month, day));
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 - utcOffsetMs('BSE');
}
