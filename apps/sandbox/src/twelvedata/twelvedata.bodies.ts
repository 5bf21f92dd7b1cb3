import type { Listing } from '../market-model/listing.js';

const IST = new Set(['NSE', 'BSE']);
const MICS: Readonly<Record<string, string>> = { NASDAQ: 'XNGS', NYSE: 'XNYS', NSE: 'XNSE', BSE: 'XBOM' };
const MINUTE_MS = 60_000;

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly status: 'error';
}

/** The vendor's only kind of error. */
export function errorBody(code: number, message: string): ErrorBody {
  return { code, message, status: 'error' };
}

export const WRONG_KEY = errorBody(
  401,
  '**apikey** parameter is incorrect or not specified. You can get your free API key instantly.',
);

export function unknownSymbol(symbol: string): ErrorBody {
  return errorBody(404, `**symbol** not found: ${symbol}. Please specify it correctly according to API Documentation.`);
}

export function noCredits(span: 'minute' | 'day', used: number, limit: number): ErrorBody {
  const which = span === 'minute' ? 'for the current minute' : 'for the day';
  return errorBody(
    429,
    `You have run out of API credits ${which}. ${used} API credits were used, with the current limit being ${limit}. Wait for the next ${span}.`,
  );
}

/** Body of `/quote` for one symbol: numbers are texts, day values are absent before the first trade. */
export function quoteBody(listing: Listing, price: number, decimals: number): object {
  const { instrument, previousClose, open, high, low, volume, changedAt } = listing;
  const text = (value: number | undefined): string | undefined => value?.toFixed(decimals);
  const change = price - previousClose;
  return {
    symbol: instrument.ticker,
    name: instrument.name,
    exchange: instrument.exchange,
    mic_code: MICS[instrument.exchange],
    currency: instrument.currency,
    datetime: localDate(instrument.exchange, changedAt),
    timestamp: Math.floor(changedAt / 86_400_000) * 86_400,
    last_quote_at: (Math.floor(changedAt / MINUTE_MS) * MINUTE_MS) / 1000,
    open: text(open),
    high: text(high),
    low: text(low),
    close: text(price),
    volume: String(volume),
    previous_close: text(previousClose),
    change: text(change),
    percent_change: ((change / previousClose) * 100).toFixed(5),
    average_volume: String(volume),
    is_market_open: true,
    fifty_two_week: {
      low: text(previousClose * 0.8),
      high: text(previousClose * 1.2),
      range: `${(previousClose * 0.8).toFixed(6)} - ${(previousClose * 1.2).toFixed(6)}`,
    },
  };
}

/** A frame of the stream: the price is a number, the time whole seconds. */
export function priceFrame(listing: Listing, price: number): object {
  const { instrument, changedAt, volume } = listing;
  return {
    event: 'price',
    ...symbolItem(listing),
    currency: instrument.currency,
    timestamp: Math.floor(changedAt / 1000),
    price,
    day_volume: volume,
  };
}

/** How acknowledgements and prices name a listing. */
export function symbolItem({ instrument: { ticker, exchange } }: Listing): object {
  return { symbol: ticker, exchange, mic_code: MICS[exchange], type: 'Common Stock' };
}

function localDate(exchange: string, at: number): string {
  const timeZone = IST.has(exchange) ? 'Asia/Kolkata' : 'America/New_York';
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at);
}
