import type { EpochMs } from '#domain';

/** A vendor that wants to be left alone for longer is asked once an hour all the same. */
const LONGEST_MS = 3_600_000;

/**
 * How long a vendor wants no call, ms, from its `Retry-After` header: seconds or a date (RFC 9110, 10.2.3).
 * Undefined when it does not say, or not legibly; at most an hour.
 */
export function retryAfterMs(value: string | readonly string[] | undefined, now: EpochMs): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_MS, Math.max(0, ms));
}
