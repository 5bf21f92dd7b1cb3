import type { EpochMs } from './time.js';

/** When an exchange trades: minutes after midnight of its own clock, Monday to Friday. Holidays are not known here. */
interface MarketHours {
  readonly timeZone: string;
  /** Ahead of UTC outside summer time, minutes. */
  readonly utcOffsetMinutes: number;
  readonly opens: number;
  readonly closes: number;
}

// pre-open auction from 9:00 to the end of the closing session at 16:00
const INDIA: MarketHours = { timeZone: 'Asia/Kolkata', utcOffsetMinutes: 330, opens: 9 * 60, closes: 16 * 60 };
// pre-market and after-hours trading included
const US: MarketHours = { timeZone: 'America/New_York', utcOffsetMinutes: -300, opens: 4 * 60, closes: 20 * 60 };
const HOURS: Readonly<Record<string, MarketHours>> = { NSE: INDIA, BSE: INDIA, NASDAQ: US, NYSE: US };

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** How far the exchange's own clock is ahead of UTC in winter, ms; 0 for an exchange we have no hours for. */
export function utcOffsetMs(exchange: string): number {
  return (HOURS[exchange]?.utcOffsetMinutes ?? 0) * MINUTE_MS;
}

/** Whether quotes of an exchange may move now. An exchange we have no hours for counts as open. */
export function isMarketOpen(exchange: string, now: EpochMs): boolean {
  const hours = HOURS[exchange];
  if (hours === undefined) return true;
  const minutes = Math.floor(now / MINUTE_MS) + offsetMinutes(hours, now);
  // day 0 of the epoch was a Thursday
  const day = (Math.floor(minutes / DAY_MINUTES) + 4) % 7;
  const minute = minutes % DAY_MINUTES;
  return day >= 1 && day <= 5 && minute >= hours.opens && minute < hours.closes;
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
