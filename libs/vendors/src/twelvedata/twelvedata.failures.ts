import { type EpochMs, SourceFailedError, VendorRateLimitError } from '#domain';
import { objectOf } from '../decimals.js';
import { DAY_MS } from '../transports/credit-budget.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';

const VENDOR = 'twelvedata';
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The vendor's clock and ours are never quite the same. */
const MARGIN_MS = 1000;

/**
 * What an error body says; undefined when the body is none.
 * Shape  `{"code":429,"message":"You have run out of API credits for the current minute. ...","status":"error"}`, also with HTTP 200
 * @param now tells how long the minute, or the day, still lasts
 */
export function failureOf(body: unknown, now: EpochMs): SourceFailedError | undefined {
  const { code, status, message } = objectOf(body) ?? {};
  if (status !== 'error' && typeof code !== 'number') return undefined;
  const text = messageOf(message, code);
  switch (code) {
    case 401:
      return new VendorRefusedError(VENDOR, text);
    case 429:
      return new VendorRateLimitError(VENDOR, creditsPauseMs(text, now));
    case 400:
    case 403:
    case 404:
    case 414:
      return new SourceFailedError(VENDOR, text, { retryable: false });
    default:
      return new SourceFailedError(VENDOR, text);
  }
}

/** Whether a text is an error body of the vendor. */
export function isErrorBody(text: string): boolean {
  try {
    return failureOf(JSON.parse(text), 0) !== undefined;
  } catch {
    return false;
  }
}

/** What an error says, in short. */
export function messageOf(message: unknown, code: unknown): string {
  if (typeof message === 'string' && message !== '') return message.slice(0, 160);
  return typeof code === 'number' ? `error ${code}` : 'an error without a message';
}

/**
 * How long until there are credits again: the next clock minute, or the next day in UTC. When a day begins is unverified, so the
 * vendor is asked once an hour.
 */
export function creditsPauseMs(message: string, now: EpochMs): number {
  const isDaily = /\bday\b|daily/i.test(message);
  return isDaily ? Math.min(HOUR_MS, untilNext(DAY_MS, now)) : untilNext(MINUTE_MS, now);
}

function untilNext(span: number, now: EpochMs): number {
  return span - (now % span) + MARGIN_MS;
}
