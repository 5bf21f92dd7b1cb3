import type { Provenance, QuoteReading } from '#cache';
import type { Instrument, Quote } from '#domain';
import type { QuoteV2 } from './quotes.dto.js';

const PERCENT_DECIMALS = 2;
const DAY_MS = 86_400_000;

/** A quote in groups, each with its source; prices as decimals that are exact to the instrument's. */
export function quoteGroups(
  { quote, status, layer, age, provenance }: QuoteReading,
  { currency, decimals }: Instrument,
): QuoteV2 {
  const decimal = (value: number | undefined): string | undefined => value?.toFixed(decimals);
  return {
    symbol: quote.symbol,
    companyName: quote.companyName,
    currency,
    price: {
      source: quote.source,
      ...present({
        last: decimal(quote.price),
        change: decimal(quote.change),
        changePercent: quote.changePercent?.toFixed(PERCENT_DECIMALS),
        size: quote.lastSize,
        time: quote.timestamp,
        received: provenance && provenance.pricedAt > 0 ? new Date(provenance.pricedAt).toISOString() : undefined,
      }),
    },
    // orders of another vendor's moment are never kept beside a price
    book: {
      source: quote.source,
      ...present({
        bid: decimal(quote.bid),
        ask: decimal(quote.ask),
        bidSize: quote.bidSize,
        askSize: quote.askSize,
        time: quote.timestamp,
      }),
    },
    day: { source: provenance?.volumeSource || quote.source, ...present(dayValues(quote, provenance, decimal)) },
    status,
    layer,
    ageMs: age,
  };
}

type Decimal = (value: number | undefined) => string | undefined;

function dayValues(quote: Quote, provenance: Provenance | undefined, decimal: Decimal): Partial<QuoteV2['day']> {
  const { volumeDay = 0 } = provenance ?? {};
  return {
    open: decimal(quote.open),
    high: decimal(quote.high),
    low: decimal(quote.low),
    previousClose: decimal(quote.previousClose),
    averagePrice: decimal(quote.averagePrice),
    volume: quote.volume,
    openInterest: quote.openInterest,
    date: volumeDay > 0 ? new Date(volumeDay * DAY_MS).toISOString().slice(0, 10) : undefined,
  } as Partial<QuoteV2['day']>;
}

/** Only what has a value. */
function present<T extends object>(group: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
