import { type EpochMs, type Instrument, type MarketDataError, type Tick, tick, VendorFrameError } from '#domain';
import { countOf, decimalOf, objectOf, priceOf } from '../decimals.js';
import { NoQuoteError, readBody, VENDOR } from './alphavantage.body.js';
import { zoneOf } from './alphavantage.symbols.js';
import { zonedTime } from './alphavantage.times.js';

const DAY_MS = 86_400_000;

/**
 * Turns the answer to `GLOBAL_QUOTE` into a tick.
 * Shape  `{"Global Quote":{"01. symbol":"MSFT","02. open":"112.6300","05. price":"112.1300","06. volume":"29062853","07. latest trading day":"2018-10-05","08. previous close":"112.7900"}}`;
 *   the name of the whole may go on: `Global Quote - DATA DELAYED BY 15 MINUTES`
 * Units  the exchange's currency; the trading day is a date of the exchange and has no time, so `eventTimeStep` is a day
 * @throws NoQuoteError for an empty quote, an unknown symbol, or the price 0
 * @throws VendorFrameError if the price is no number, or there is no quote; `readBody` tells the other failures
 * @see https://www.alphavantage.co/documentation (read 2026-11). Unverified: the name of a delayed quote
 */
export function parseGlobalQuote(text: string, instrument: Instrument, receivedAt: EpochMs): Tick {
  const body = readBody(text);
  const name = Object.keys(body).find((key) => key.startsWith('Global Quote'));
  if (name === undefined && Object.keys(body).length > 0) throw new VendorFrameError(VENDOR, 'no quote', body);
  const quote = objectOf(body[name ?? '']);
  if (name !== undefined && quote === undefined) throw new VendorFrameError(VENDOR, 'a quote that is none', body);
  if (quote === undefined || Object.keys(quote).length === 0) throw new NoQuoteError(instrument);
  const { decimals, exchange, id } = instrument;
  if (decimalOf(quote['05. price']) === undefined) throw new VendorFrameError(VENDOR, 'price is no number', body);
  const price = priceOf(quote['05. price'], decimals);
  if (price === undefined) throw new NoQuoteError(instrument);
  const eventTime = zonedTime(quote['07. latest trading day'], zoneOf(exchange));
  return tick({
    instrument: id,
    vendor: VENDOR,
    receivedAt,
    eventTime,
    eventTimeStep: eventTime === undefined ? undefined : DAY_MS,
    price,
    volume: countOf(quote['06. volume']),
    open: priceOf(quote['02. open'], decimals),
    high: priceOf(quote['03. high'], decimals),
    low: priceOf(quote['04. low'], decimals),
    previousClose: priceOf(quote['08. previous close'], decimals),
  });
}

/**
 * Turns the answer to `REALTIME_BULK_QUOTES` into an outcome for each instrument asked for by its symbol, in their order.
 * Shape  `{"data":[{"symbol":"AAPL","timestamp":"2024-10-30 19:59:53.814","open":"232.62","close":"230.1","volume":"47070807","previous_close":"233.67"}]}`
 * Units  US dollars; times of New York. `close` is the last price of the regular session, and at times blank: the tick then has no price
 * Emits  no tick of a row without price and previous close; unknown symbols have such a row, or none
 * @throws VendorFrameError if there is no list of rows; `readBody` tells the other failures
 * @see https://www.alphavantage.co/documentation (read 2026-11). Unverified: the order of the rows, and what an unknown symbol has
 */
export function parseBulkQuotes(
  text: string,
  instruments: readonly Instrument[],
  symbols: readonly string[],
  receivedAt: EpochMs,
): (Tick | MarketDataError)[] {
  const body = readBody(text);
  const { data } = body;
  if (!Array.isArray(data)) throw new VendorFrameError(VENDOR, 'no rows', body);
  const rows = new Map<unknown, Readonly<Record<string, unknown>>>();
  for (const item of data as unknown[]) {
    const row = objectOf(item);
    if (typeof row?.['symbol'] === 'string') rows.set(row['symbol'].toUpperCase(), row);
  }
  return instruments.map((instrument, i) => {
    const row = rows.get(symbols[i]?.toUpperCase());
    return (row && bulkTick(row, instrument, receivedAt)) ?? new NoQuoteError(instrument);
  });
}

function bulkTick(
  row: Readonly<Record<string, unknown>>,
  instrument: Instrument,
  receivedAt: EpochMs,
): Tick | undefined {
  const { decimals, exchange, id } = instrument;
  const price = priceOf(row['close'], decimals);
  const previousClose = priceOf(row['previous_close'], decimals);
  if (price === undefined && previousClose === undefined) return undefined;
  return tick({
    instrument: id,
    vendor: VENDOR,
    receivedAt,
    eventTime: zonedTime(row['timestamp'], zoneOf(exchange)),
    price,
    volume: countOf(row['volume']),
    open: priceOf(row['open'], decimals),
    high: priceOf(row['high'], decimals),
    low: priceOf(row['low'], decimals),
    previousClose,
  });
}
