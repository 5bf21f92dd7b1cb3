import { type Instrument, SourceFailedError, type Tick, tick, VendorFrameError } from '#domain';
import type { HttpAnswer } from '../transports/http-client.js';
import { bseNumber, bseTime } from './bse.numbers.js';

const VENDOR = 'bse';
const MINUTE_MS = 60_000;

/**
 * Turns a scrip header answer into a tick.
 * Shape  `{"CurrRate":{"LTP":"1264.80",...},"Header":{"PrevClose":...,"Open":...,"High":...,"Low":...,"Ason":"14 Oct 25 | 11:42"}}`
 * Units  rupees; `Ason` is Indian time to the minute, so `eventTimeStep` is a minute
 * Emits  one tick; the route carries no volume, bid or ask
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, or a shape without the two parts
 * @throws SourceFailedError not retryable, for an empty body or an empty or zero price: an unknown or suspended scrip
 * @see public routes of bseindia.com, undocumented; recorded answers of 2020 to 2026. Unverified: the body for an unknown code, and
 *   whether a price above 1,000 carries commas; both are read either way.
 */
export function parseScripHeader({ body }: HttpAnswer, instrument: Instrument, receivedAt: number): Tick {
  const text = body.trim();
  if (text === '') throw unknownScrip(instrument);
  if (text.startsWith('<')) throw new VendorFrameError(VENDOR, 'a page instead of a quote', text);
  const answer = parseJson(text);
  const rate = part(answer, 'CurrRate');
  const header = part(answer, 'Header');
  if (rate === undefined || header === undefined) throw new VendorFrameError(VENDOR, 'no CurrRate and Header', answer);

  const price = bseNumber(rate['LTP']) ?? bseNumber(header['LTP']);
  if (price === undefined || price === 0) {
    if (isNumberOrMissing(rate['LTP'])) throw unknownScrip(instrument);
    throw new VendorFrameError(VENDOR, 'LTP is no number', answer);
  }
  const eventTime = bseTime(header['Ason']);
  return tick({
    instrument: instrument.id,
    vendor: VENDOR,
    receivedAt,
    eventTime,
    eventTimeStep: eventTime === undefined ? undefined : MINUTE_MS,
    price,
    previousClose: positive(header['PrevClose']),
    open: positive(header['Open']),
    high: positive(header['High']),
    low: positive(header['Low']),
  });
}

function unknownScrip({ id }: Instrument): SourceFailedError {
  return new SourceFailedError(VENDOR, `no quote of ${id}: unknown or suspended scrip`, { retryable: false });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}

function part(value: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inner = (value as Record<string, unknown>)[key];
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : undefined;
}

function isNumberOrMissing(value: unknown): boolean {
  if (value === undefined || value === null || bseNumber(value) !== undefined) return true;
  return typeof value === 'string' && /^\s*(-|n\.?a\.?)?\s*$/i.test(value);
}

/** Day values before the first trade are zero; there are none then. */
function positive(value: unknown): number | undefined {
  const number = bseNumber(value);
  return number === 0 ? undefined : number;
}
