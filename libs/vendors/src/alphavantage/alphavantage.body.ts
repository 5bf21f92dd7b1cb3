import { type Instrument, SourceFailedError, VendorFrameError, VendorRateLimitError } from '#domain';
import { objectOf } from '../decimals.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';

export const VENDOR = 'alphavantage';

const BURST_MS = 1100;
const MINUTE_MS = 60_000;
/** When the day of a daily limit ends is unverified, so the vendor is asked once an hour. */
const DAILY_MS = 3_600_000;

/** The vendor has no price of the instrument. Not worth asking again at once. */
export class NoQuoteError extends SourceFailedError {
  constructor({ id }: Instrument) {
    super(VENDOR, `no quote of ${id}: unknown symbol, or no data`, { retryable: false });
  }
}

/**
 * The JSON object of an answer that is no failure. Failures come with HTTP 200, in `Error Message`, `Information` or `Note`.
 * @param text without the API key: messages repeat it
 * @throws VendorFrameError if the text is no JSON object, such as a page of the CDN
 * @throws VendorRateLimitError for the limits of a second, a minute and a day
 * @throws VendorRefusedError for a wrong key, and for a function the plan does not include
 * @throws SourceFailedError not retryable, for a call the vendor calls invalid: most often an unknown symbol
 */
export function readBody(text: string): Readonly<Record<string, unknown>> {
  const body = objectOf(parseJson(text));
  if (body === undefined) throw new VendorFrameError(VENDOR, 'no JSON object', text);
  const failure = failureOf(body);
  if (failure !== undefined) throw failure;
  return body;
}

function failureOf(body: Readonly<Record<string, unknown>>): SourceFailedError | undefined {
  const { 'Error Message': error, Information: information, Note: note } = body;
  if (typeof error === 'string') {
    if (/apikey/i.test(error)) return new VendorRefusedError(VENDOR, brief(error));
    return new SourceFailedError(VENDOR, brief(error), { retryable: false });
  }
  const notice = information ?? note;
  return typeof notice === 'string' ? noticeFailure(notice) : undefined;
}

/** Notices advertise other plans, so the order matters: that of a burst names the daily limit too, that of the day the premium plans. */
function noticeFailure(text: string): SourceFailedError {
  if (/1 request per second|spreading out/i.test(text)) return new VendorRateLimitError(VENDOR, BURST_MS);
  if (/per day|daily/i.test(text) && !/per minute/i.test(text)) return new VendorRateLimitError(VENDOR, DAILY_MS);
  if (/premium endpoint|\bdemo\b/i.test(text)) return new VendorRefusedError(VENDOR, brief(text));
  // the limit of a minute, and what the vendor may come to say instead of data
  return new VendorRateLimitError(VENDOR, MINUTE_MS);
}

function brief(text: string): string {
  return text.slice(0, 160);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}
