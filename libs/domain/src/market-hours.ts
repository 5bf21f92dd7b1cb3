import type { EpochMs } from './time.js';

/** When an exchange trades: minutes after midnight of its own clock, Monday to Friday. Holidays are not known here. */
interface MarketHours {
  readonly utcOffsetMinutes: number;
  readonly opens: number;
  readonly closes: number;
}

// pre-open auction from 9:00 to the end of the closing session at 16:00, India has no summer time
const INDIA: MarketHours = { utcOffsetMinutes: 330, opens: 9 * 60, closes: 16 * 60 };
const HOURS: Readonly<Record<string, MarketHours>> = { NSE: INDIA, BSE: INDIA };

/** How far the exchange's own clock is ahead of UTC, ms; 0 for an exchange we have no hours for. */
export function utcOffsetMs(exchange: string): number {
  return (HOURS[exchange]?.utcOffsetMinutes ?? 0) * 60_000;
}

/** Whether quotes of an exchange may move now. An exchange we have no hours for counts as open. */
export function isMarketOpen(exchange: string, now: EpochMs): boolean {
  const hours = HOURS[exchange];
  if (hours === undefined) return true;
  const local = new Date(now + hours.utcOffsetMinutes * 60_000);
  const day = local.getUTCDay();
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  return day >= 1 && day <= 5 && minute >= hours.opens && minute < hours.closes;
}
