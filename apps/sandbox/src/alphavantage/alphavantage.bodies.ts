import type { Listing } from '../market-model/listing.js';

const MINUTE_MS = 60_000;
const BARS = 100;
const NEW_YORK = 'America/New_York';

/** Body of `GLOBAL_QUOTE`: numbers are texts with four decimals, the day is the exchange's. Empty for a symbol nobody has. */
export function quoteBody(listing: Listing | undefined, price: number, isDelayed: boolean): object {
  const name = isDelayed ? 'Global Quote - DATA DELAYED BY 15 MINUTES' : 'Global Quote';
  if (listing === undefined) return { [name]: {} };
  const { previousClose, open = price, high = price, low = price, volume, changedAt, instrument } = listing;
  const change = price - previousClose;
  return {
    [name]: {
      '01. symbol': nameOf(listing),
      '02. open': open.toFixed(4),
      '03. high': high.toFixed(4),
      '04. low': low.toFixed(4),
      '05. price': price.toFixed(4),
      '06. volume': String(volume),
      '07. latest trading day': localTime(changedAt, zoneOf(instrument.exchange)).slice(0, 10),
      '08. previous close': previousClose.toFixed(4),
      '09. change': change.toFixed(4),
      '10. change percent': `${((change / previousClose) * 100).toFixed(4)}%`,
    },
  };
}

/** A row of `REALTIME_BULK_QUOTES`: decimals vary, times are of New York; before the first trade of the day prices are blank. */
export function bulkRow(listing: Listing, price: number): object {
  const { previousClose, open, high, low, volume, changedAt, tradedAt } = listing;
  const text = (value: number | undefined): string =>
    tradedAt === undefined || value === undefined ? '' : String(value);
  const change = tradedAt === undefined ? undefined : price - previousClose;
  return {
    symbol: nameOf(listing),
    timestamp: `${localTime(changedAt, NEW_YORK)}.${String(changedAt % 1000).padStart(3, '0')}`,
    open: text(open),
    high: text(high),
    low: text(low),
    close: text(price),
    volume: String(volume),
    previous_close: String(previousClose),
    change: change?.toFixed(2) ?? '',
    change_percent: change === undefined ? '' : ((change / previousClose) * 100).toFixed(4),
    extended_hours_quote: '',
    extended_hours_change: '',
    extended_hours_change_percent: '',
  };
}

/** Body of `TIME_SERIES_INTRADAY`, newest bar first. Only the newest has a price of now; the market keeps no history. */
export function intradayBody(listing: Listing, price: number): object {
  const { previousClose, changedAt, lastSize, instrument } = listing;
  const zone = zoneOf(instrument.exchange);
  const bars = Array.from({ length: BARS }, (_, i) => {
    const values = [i === 0 ? price : previousClose, lastSize] as const;
    return [localTime(Math.floor(changedAt / MINUTE_MS - i) * MINUTE_MS, zone), bar(...values)] as const;
  });
  return {
    'Meta Data': {
      '1. Information': 'Intraday (1min) open, high, low, close prices and volume',
      '2. Symbol': nameOf(listing),
      '3. Last Refreshed': bars[0]?.[0],
      '4. Interval': '1min',
      '5. Output Size': 'Compact',
      '6. Time Zone': zone === NEW_YORK ? 'US/Eastern' : zone,
    },
    'Time Series (1min)': Object.fromEntries(bars),
  };
}

/** `IBM`, `RELIANCE.BSE`. */
export function nameOf({ instrument: { ticker, exchange } }: Listing): string {
  return exchange === 'NASDAQ' || exchange === 'NYSE' ? ticker : `${ticker}.${exchange}`;
}

function bar(price: number, volume: number): object {
  const text = price.toFixed(4);
  return { '1. open': text, '2. high': text, '3. low': text, '4. close': text, '5. volume': String(volume) };
}

function zoneOf(exchange: string): string {
  return exchange === 'NSE' || exchange === 'BSE' ? 'Asia/Kolkata' : NEW_YORK;
}

/** `2024-10-30 19:59:53` */
function localTime(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at);
}
