import { parse } from 'csv-parse/sync';
import { ConfigError } from './env.js';
import type { EpochMs } from './time.js';

/** When an exchange trades: minutes after midnight of its own clock, Monday to Friday. */
interface MarketHours {
  readonly timeZone: string;
  /** Ahead of UTC outside summer time, minutes. */
  readonly utcOffsetMinutes: number;
  readonly opens: number;
  readonly closes: number;
  /** The part of it in which trades follow one another all the time. */
  readonly continuous: readonly [from: number, to: number];
}

// pre-open auction from 9:00 to the end of the closing session at 16:00
const INDIA: MarketHours = {
  timeZone: 'Asia/Kolkata',
  utcOffsetMinutes: 330,
  opens: 540,
  closes: 960,
  continuous: [555, 930],
};
// pre-market and after-hours trading included
const US: MarketHours = {
  timeZone: 'America/New_York',
  utcOffsetMinutes: -300,
  opens: 240,
  closes: 1200,
  continuous: [570, 960],
};
const HOURS: Readonly<Record<string, MarketHours>> = { NSE: INDIA, BSE: INDIA, NASDAQ: US, NYSE: US };

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** How far the exchange's own clock is ahead of UTC in winter, ms; 0 for an exchange we have no hours for. */
export function utcOffsetMs(exchange: string): number {
  return (HOURS[exchange]?.utcOffsetMinutes ?? 0) * MINUTE_MS;
}

/** Which days and hours exchanges trade. */
export class ExchangeCalendar {
  /** `NSE 20782`: exchange, and days since 1970 by its own clock. */
  private readonly holidays: ReadonlySet<string>;

  constructor(holidays: Iterable<Holiday>) {
    this.holidays = new Set(
      Array.from(holidays, ({ exchange, date }) => `${exchange} ${Date.parse(date) / (DAY_MINUTES * MINUTE_MS)}`),
    );
  }

  /** Whether quotes of an exchange may move now. An exchange we have no hours for counts as open. */
  isOpen(exchange: string, now: EpochMs): boolean {
    const hours = HOURS[exchange];
    return hours === undefined || this.isWithin(exchange, hours, hours.opens, hours.closes, now);
  }

  /** Whether trades of an exchange should follow one another now, so that silence is a sign. */
  isContinuous(exchange: string, now: EpochMs): boolean {
    const hours = HOURS[exchange];
    return hours === undefined || this.isWithin(exchange, hours, ...hours.continuous, now);
  }

  private isWithin(exchange: string, hours: MarketHours, from: number, to: number, now: EpochMs): boolean {
    const minutes = Math.floor(now / MINUTE_MS) + offsetMinutes(hours, now);
    const day = Math.floor(minutes / DAY_MINUTES);
    const minute = minutes % DAY_MINUTES;
    // day 0 of the epoch was a Thursday
    const weekday = (day + 4) % 7;
    if (weekday === 0 || weekday === 6 || minute < from || minute >= to) return false;
    return !this.holidays.has(`${exchange} ${day}`);
  }
}

/** A day on which an exchange does not trade, though it is no weekend. */
export interface Holiday {
  readonly exchange: string;
  /** `2026-01-26`, by the exchange's own clock. */
  readonly date: string;
}

/**
 * Reads a holiday list: a header, then rows of exchange, date (`2026-01-26`) and name; other columns are ignored.
 * @throws ConfigError naming the lines that cannot be read, ten at most
 */
export function parseHolidaysCsv(text: string): Holiday[] {
  const rows = readRows(text);
  const problems = rows.flatMap(({ record: { exchange = '', date = '' }, info }) =>
    /^[A-Z]+$/.test(exchange) && /^\d{4}-\d\d-\d\d$/.test(date) && !Number.isNaN(Date.parse(date))
      ? []
      : [`holidays, line ${info.lines}: needs an exchange and a date like 2026-01-26`],
  );
  if (problems.length > 0) throw new ConfigError(problems.slice(0, 10));
  return rows.map(({ record: { exchange = '', date = '' } }) => ({ exchange, date }));
}

interface Row {
  readonly record: { readonly exchange?: string; readonly date?: string };
  readonly info: { readonly lines: number };
}

function readRows(text: string): Row[] {
  try {
    return parse<Row>(text, { columns: true, bom: true, info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw new ConfigError([`holidays: ${(error as Error).message}`]);
  }
}

/** Offsets last for at least this long, and asking for one costs microseconds. */
const QUARTER_MS = 15 * MINUTE_MS;
const offsets = new Map<MarketHours, { quarter: number; minutes: number }>();

/** Minutes that the exchange's clock is ahead of UTC at a time, summer time included. */
function offsetMinutes(hours: MarketHours, at: EpochMs): number {
  const quarter = Math.floor(at / QUARTER_MS);
  const known = offsets.get(hours);
  if (known?.quarter === quarter) return known.minutes;
  const local = new Date(at).toLocaleString('en-US', { timeZone: hours.timeZone, timeZoneName: 'longOffset' });
  const [, sign, hour, minute] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(local) ?? [];
  const minutes = (sign === '-' ? -1 : 1) * (Number(hour ?? 0) * 60 + Number(minute ?? 0));
  offsets.set(hours, { quarter, minutes });
  return minutes;
}
