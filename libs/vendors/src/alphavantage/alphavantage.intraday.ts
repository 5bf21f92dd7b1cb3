import { type EpochMs, type Instrument, type Tick, tick, VendorFrameError } from '#domain';
import { decimalOf, objectOf, priceOf } from '../decimals.js';
import { NoQuoteError, readBody, VENDOR } from './alphavantage.body.js';
import { zoneOf } from './alphavantage.symbols.js';
import { zonedTime } from './alphavantage.times.js';

const MINUTE_MS = 60_000;
const SERIES = /^Time Series \((\d{1,2})min\)$/;

/**
 * Turns the answer to `TIME_SERIES_INTRADAY` into a tick of its newest bar's close.
 * Shape  `{"Meta Data":{"6. Time Zone":"US/Eastern"},"Time Series (1min)":{"2017-12-18 14:56:00":{"4. close":"86.5000","5. volume":"10494"}}}`
 * Units  the exchange's currency; a bar's name is when it began, in the zone named, and its length is `eventTimeStep`
 * Emits  one tick with nothing but the price: the other values are those of the bar, not of the day
 * @throws NoQuoteError for a series without bars, or the price 0
 * @throws VendorFrameError if there is no series, or its newest bar cannot be read; `readBody` tells the other failures
 * @see https://www.alphavantage.co/documentation (read 2026-11). Unverified: whether a bar is named by its beginning or its end
 */
export function parseIntraday(text: string, instrument: Instrument, receivedAt: EpochMs): Tick {
  const body = readBody(text);
  const name = Object.keys(body).find((key) => SERIES.test(key));
  const series = objectOf(body[name ?? '']);
  if (name === undefined || series === undefined) throw new VendorFrameError(VENDOR, 'no series', body);
  // times as texts are in order
  const newest = Object.keys(series).reduce((latest, time) => (time > latest ? time : latest), '');
  if (newest === '') throw new NoQuoteError(instrument);
  const bar = objectOf(series[newest]);
  const zone = objectOf(body['Meta Data'])?.['6. Time Zone'];
  const eventTime = zonedTime(newest, typeof zone === 'string' ? zone : zoneOf(instrument.exchange));
  const close = bar?.['4. close'];
  if (eventTime === undefined || decimalOf(close) === undefined)
    throw new VendorFrameError(VENDOR, 'a bar that cannot be read', { [newest]: bar });
  const price = priceOf(close, instrument.decimals);
  if (price === undefined) throw new NoQuoteError(instrument);
  const eventTimeStep = Number(SERIES.exec(name)?.[1]) * MINUTE_MS;
  return tick({ instrument: instrument.id, vendor: VENDOR, receivedAt, eventTime, eventTimeStep, price });
}
