import { parse } from 'csv-parse/sync';
import { type Instrument, parseInstrumentsCsv } from '#domain';
import type { Reference } from './market.js';

/** Instruments of a master with their reference prices: the master's columns, and `referencePrice`. */
export function readReferences(csv: string): Reference[] {
  const prices = parse<{ referencePrice?: string }>(csv, { columns: true, bom: true, skip_empty_lines: true });
  return parseInstrumentsCsv(csv).map((instrument, i) => ({
    instrument,
    price: Number(prices[i]?.referencePrice ?? 100) || 100,
  }));
}

/** Invented instruments, the same ones every time: `NSE:SYN0001` and so on. */
export function syntheticReferences(count: number): Reference[] {
  return Array.from({ length: count }, (_, i) => {
    const number = String(i + 1).padStart(4, '0');
    const ticker = `SYN${number}`;
    const instrument: Instrument = {
      id: `NSE:${ticker}`,
      exchange: 'NSE',
      ticker,
      name: `Synthetic Company ${number} Limited`,
      isin: undefined,
      bseCode: undefined,
      tickSize: 0.05,
      decimals: 2,
      currency: 'INR',
      indices: [],
    };
    return { instrument, price: 50 + ((i * 137) % 4950) };
  });
}

/** The master as CSV, for whoever trades here. */
export function referencesCsv(references: readonly Reference[]): string {
  const rows = references.map(({ instrument, price }) => {
    const { exchange, id, ticker, name, isin = '', bseCode = '', tickSize, decimals, currency, indices } = instrument;
    const code = id.slice(exchange.length + 1);
    return [
      exchange,
      code,
      ticker,
      `"${name.replaceAll('"', '""')}"`,
      isin,
      bseCode,
      tickSize,
      decimals,
      currency,
      indices.join('|'),
      price,
    ].join(',');
  });
  return `exchange,code,ticker,name,isin,bseCode,tickSize,decimals,currency,indices,referencePrice\n${rows.join('\n')}\n`;
}
