/** `pre-open`: orders are collected, nothing trades. `continuous`: it trades. */
export type Phase = 'closed' | 'pre-open' | 'continuous';

const IST_OFFSET_MS = 330 * 60_000;
const DAY_MS = 24 * 3_600_000;
const PRE_OPEN = 9 * 60;
const OPEN = 9 * 60 + 15;
const CLOSE = 15 * 60 + 30;

/** Phase of an Indian cash market, Monday to Friday; holidays are not known here. */
export function clockPhase(now: number): Phase {
  const local = new Date(now + IST_OFFSET_MS);
  const day = local.getUTCDay();
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  if (day === 0 || day === 6 || minute < PRE_OPEN || minute >= CLOSE) return 'closed';
  return minute < OPEN ? 'pre-open' : 'continuous';
}

/** Number of the Indian calendar day: the same all day, another on another day. */
export function tradingDay(now: number): number {
  return Math.floor((now + IST_OFFSET_MS) / DAY_MS);
}
