import { type EpochMs, type Instrument, type Tick, tick, VendorFrameError } from '#domain';
import type { HttpAnswer } from '../transports/http-client.js';
import { bseFields, type Fields, isFields, VENDOR } from './bse.body.js';
import { bseNumber, bsePositive, isNumberOrMissing } from './bse.numbers.js';
import { bseTime, isBeforeOpen, MINUTE_MS } from './bse.times.js';
import { NoQuoteError } from './no-quote.error.js';

/** What a scrip header says. */
export interface ScripHeader {
  readonly tick: Tick;
  /** Orders are being collected and nothing has traded today: counts of the day are not to be had. */
  readonly isPreOpen: boolean;
}

const PRE_OPEN_FIELDS = ['PRE_OPEN_NO_BIDS', 'PRE_OPEN_NO_I_PRICE', 'PRE_OPEN_I_PRICE', 'PRE_OPEN_I_PRICE_QTY'];

/**
 * Turns a scrip header answer into a tick.
 * Shape  `{"CurrRate":{"LTP":"1264.80",...},"Header":{"PrevClose":...,"Open":...,"High":...,"Low":...,"Ason":"14 Oct 25 | 11:42"}}`
 * Units  rupees; `Ason` is Indian time to the minute, so `eventTimeStep` is a minute
 * Emits  one tick; the route carries no volume, bid or ask. Before the open, while the pre-open block is filled, without day values,
 *   and without a price when there is no last one: the indicative price of the auction is no trade
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, a shape without the two parts, or a price that is no number
 * @throws NoQuoteError for an empty body or an empty or zero price: an unknown scrip, or with `DisplayText` a suspended one
 * @see public routes of bseindia.com, undocumented; recorded answers of 2020 to 2026. Unverified, and therefore read either way: the
 *   body for an unknown code, commas in prices above 1,000, the types of the pre-open block. A notice beside a price is only a notice.
 */
export function parseScripHeader({ body }: HttpAnswer, instrument: Instrument, receivedAt: EpochMs): ScripHeader {
  const answer = bseFields(body);
  if (answer === undefined) throw new NoQuoteError(instrument);
  const { CurrRate: rate, Header: header } = answer;
  if (!isFields(rate) || !isFields(header)) throw new VendorFrameError(VENDOR, 'no CurrRate and Header', answer);
  if (!isNumberOrMissing(rate['LTP']) || !isNumberOrMissing(header['LTP']))
    throw new VendorFrameError(VENDOR, 'LTP is no number', answer);

  const isPreOpen = isBeforeOpen(receivedAt) && PRE_OPEN_FIELDS.some((field) => isFilled(header[field]));
  const price = notZero(rate['LTP']) ?? notZero(header['LTP']);
  const previousClose = bsePositive(header['PrevClose']);
  if (price === undefined) {
    const notice = noticeOf(header);
    if (!isPreOpen || notice !== '' || previousClose === undefined) throw new NoQuoteError(instrument, notice);
  }
  const eventTime = bseTime(header['Ason']);
  const identity = { instrument: instrument.id, vendor: VENDOR, receivedAt };
  const time = { eventTime, eventTimeStep: eventTime === undefined ? undefined : MINUTE_MS };
  return { isPreOpen, tick: tick({ ...identity, ...time, price, previousClose, ...(isPreOpen ? {} : dayOf(header)) }) };
}

/** Day values are zero before the first trade; there are none then. */
function dayOf(header: Fields): Pick<Tick, 'open' | 'high' | 'low'> {
  return { open: bsePositive(header['Open']), high: bsePositive(header['High']), low: bsePositive(header['Low']) };
}

/** A price below zero is for validation to refuse and count. */
function notZero(value: unknown): number | undefined {
  const price = bseNumber(value);
  return price === 0 ? undefined : price;
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && !(isNumberOrMissing(value) && (bseNumber(value) ?? 0) === 0);
}

function noticeOf(header: Fields): string {
  const text = header['DisplayText'];
  return typeof text === 'string' ? text.replaceAll(/\s+/g, ' ').trim() : '';
}
