import type { EpochMs } from './time.js';

/** When an exchange trades: minutes after midnight of its own clock. */
export interface MarketHours {
  readonly timeZone: string;
  /** Ahead of UTC outside summer time, minutes. */
  readonly utcOffsetMinutes: number;
  readonly opens: number;
  readonly closes: number;
  /** The part of it in which trades follow one another all the time. */
  readonly continuous: readonly [from: number, to: number];
  /** Whether the trades before the continuous part are an auction that makes the day's opening price. */
  readonly opensByAuction: boolean;
  /** Whether it trades on Saturdays and Sundays too. */
  readonly everyDay: boolean;
}

export const MINUTE_MS = 60_000;
export const DAY_MINUTES = 1440;
export const DAY_MS = DAY_MINUTES * MINUTE_MS;

// pre-open auction from 9:00 to the end of the closing session at 16:00
const INDIA: MarketHours = {
  timeZone: 'Asia/Kolkata',
  utcOffsetMinutes: 330,
  opens: 540,
  closes: 960,
  continuous: [555, 930],
  opensByAuction: true,
  everyDay: false,
};
// pre-market and after-hours trading included
const US: MarketHours = {
  timeZone: 'America/New_York',
  utcOffsetMinutes: -300,
  opens: 240,
  closes: 1200,
  continuous: [570, 960],
  opensByAuction: false,
  everyDay: false,
};
/** Hours of an exchange that never closes. */
const ALL_HOURS = {
  opens: 0,
  closes: DAY_MINUTES,
  continuous: [0, DAY_MINUTES],
  opensByAuction: false,
  everyDay: true,
} as const;
const UNKNOWN: MarketHours = { timeZone: 'UTC', utcOffsetMinutes: 0, ...ALL_HOURS };

export const HOURS: Readonly<Record<string, MarketHours>> = { NSE: INDIA, BSE: INDIA, NASDAQ: US, NYSE: US };

/** The same exchanges by their own clocks, but open all day and every day. */
const OPEN_HOURS = Object.fromEntries(
  Object.entries(HOURS).map(([exchange, { timeZone, utcOffsetMinutes }]) => [
    exchange,
    { timeZone, utcOffsetMinutes, ...ALL_HOURS },
  ]),
);

/** Hours of an exchange; one we have none for is always open, by UTC. */
export function hoursOf(exchange: string, alwaysOpen: boolean): MarketHours {
  return (alwaysOpen ? OPEN_HOURS : HOURS)[exchange] ?? UNKNOWN;
}

/** How far the exchange's own clock is ahead of UTC in winter, ms; 0 for an exchange we have no hours for. */
export function utcOffsetMs(exchange: string): number {
  return (HOURS[exchange]?.utcOffsetMinutes ?? 0) * MINUTE_MS;
}

/** Offsets last for at least this long, and asking for one costs microseconds. */
const QUARTER_MS = 15 * MINUTE_MS;
const clocks = new Map<string, { readonly format: Intl.DateTimeFormat; quarter: number; minutes: number }>();

/** Minutes that a time zone's clock is ahead of UTC at a time, summer time included. */
export function minutesAhead(timeZone: string, at: EpochMs): number {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    clocks.set(timeZone, (clock = { format, quarter: NaN, minutes: 0 }));
  }
  const quarter = Math.floor(at / QUARTER_MS);
  if (clock.quarter === quarter) return clock.minutes;
  const [, sign, hour, minute] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(clock.format.format(at)) ?? [];
  clock.minutes = (sign === '-' ? -1 : 1) * (Number(hour ?? 0) * 60 + Number(minute ?? 0));
  clock.quarter = quarter;
  return clock.minutes;
}

/** When a time zone's clock shows a minute of a day: days since 1970, minutes after midnight. NaN of a day that is. */
export function epochOf(timeZone: string, day: number, minute: number): EpochMs {
  if (Number.isNaN(day)) return NaN;
  const shown = (day * DAY_MINUTES + minute) * MINUTE_MS;
  const guess = shown - minutesAhead(timeZone, shown) * MINUTE_MS;
  // right unless the clock was changed in between
  return shown - minutesAhead(timeZone, guess) * MINUTE_MS;
}

/** Days since 1970 of a date like 2026-11-20. NaN when there is no such date. */
export function dayOf(date: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : NaN;
  // some engines take the 31st of June for the 1st of July
  return dateOf(at / DAY_MS) === date ? at / DAY_MS : NaN;
}

/** `2026-11-20`, of days since 1970. */
export function dateOf(day: number): string {
  return Number.isNaN(day) ? '' : new Date(day * DAY_MS).toISOString().slice(0, 10);
}
