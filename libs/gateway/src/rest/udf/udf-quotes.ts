import type { QuoteReading } from '#cache';
import type { Instrument } from '#domain';

/** A quote as charts read it: `QuoteData` of the charting library. */
export type UdfQuote =
  | { readonly s: 'ok'; readonly n: string; readonly v: Readonly<Record<string, string | number | undefined>> }
  | { readonly s: 'error'; readonly n: string; readonly errmsg: string; readonly v: Readonly<Record<string, never>> };

/** One for each name that was asked for, in order. */
export function udfQuotes(
  asked: readonly { readonly name: string; readonly instrument: Instrument | undefined }[],
  readings: readonly QuoteReading[],
): UdfQuote[] {
  const bySymbol = new Map(readings.map((reading) => [reading.quote.symbol, reading.quote]));
  return asked.map(({ name, instrument }): UdfQuote => {
    const quote = bySymbol.get(instrument?.id ?? '');
    if (instrument === undefined || quote === undefined)
      return { s: 'error', n: name, errmsg: 'There is no quote', v: {} };
    return {
      s: 'ok',
      n: name,
      v: {
        ch: quote.change,
        chp: quote.changePercent,
        short_name: instrument.ticker,
        exchange: instrument.exchange,
        description: instrument.name,
        original_name: instrument.id,
        lp: quote.price,
        ask: quote.ask,
        bid: quote.bid,
        spread: spreadOf(quote.bid, quote.ask, instrument.decimals),
        open_price: quote.open,
        high_price: quote.high,
        low_price: quote.low,
        prev_close_price: quote.previousClose,
        volume: quote.volume,
      },
    };
  });
}

function spreadOf(bid: number | undefined, ask: number | undefined, decimals: number): number | undefined {
  return bid === undefined || ask === undefined ? undefined : Number((ask - bid).toFixed(decimals));
}
