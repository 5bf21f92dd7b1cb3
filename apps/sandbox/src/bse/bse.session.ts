import { clockPhase, tradingDay } from '../market-model/session.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const IST_OFFSET_MS = 330 * MINUTE_MS;
const CLOSE_MS = (15 * 60 + 30) * MINUTE_MS;
/** What `Ason` reads from half an hour after the close on. */
const FROZEN_MS = 16 * 60 * MINUTE_MS;

/** Close of the last session that has ended, Monday to Friday. */
export function lastClose(now: number): number {
  let close = tradingDay(now) * DAY_MS - IST_OFFSET_MS + CLOSE_MS;
  // a moment before the close says what kind of day it was
  while (close > now || clockPhase(close - 1) === 'closed') close -= DAY_MS;
  return close;
}

/** The time a header shows while the market is closed: it stops at four. */
export function frozenTime(now: number): number {
  return Math.min(now, lastClose(now) + FROZEN_MS - CLOSE_MS);
}
