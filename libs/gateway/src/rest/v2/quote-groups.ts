import type { QuoteReading, QuoteState } from '#cache';
import type { Quote } from '#domain';
import type { QuoteV2 } from './quotes.dto.js';

const PERCENT_DECIMALS = 2;
const DAY_MS = 86_400_000;

/** A quote in groups, each with its source; prices as decimals that are exact to the instrument's. */
export function quoteGroups({ quote, status, layer, age }: QuoteReading, state: QuoteState): QuoteV2 {
  const { currency, decimals } = state.instrument;
  const decimal = (value: number | undefined): string | undefined => value?.toFixed(decimals);
  // what another process has read carries less than what memory knows of the same source
  const isOwn = layer !== 'l2' && quote.source === state.latestSource;
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
        received: isOwn && state.pricedAt > 0 ? new Date(state.pricedAt).toISOString() : undefined,
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
    day: { source: daySource(quote, state, isOwn), ...present(dayValues(quote, state, isOwn, decimal)) },
    status,
    layer,
    ageMs: age,
  };
}

type Decimal = (value: number | undefined) => string | undefined;

function dayValues(quote: Quote, state: QuoteState, isOwn: boolean, decimal: Decimal): Partial<QuoteV2['day']> {
  return {
    open: decimal(quote.open),
    high: decimal(quote.high),
    low: decimal(quote.low),
    previousClose: decimal(quote.previousClose),
    averagePrice: decimal(quote.averagePrice),
    volume: quote.volume,
    openInterest: quote.openInterest,
    date: isOwn && state.volumeDay > 0 ? new Date(state.volumeDay * DAY_MS).toISOString().slice(0, 10) : undefined,
  } as Partial<QuoteV2['day']>;
}

function daySource(quote: Quote, state: QuoteState, isOwn: boolean): string {
  return isOwn && state.volumeSource !== '' ? state.volumeSource : quote.source;
}

/** Only what has a value. */
function present<T extends object>(group: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
