import type { Instrument } from '#domain';
import { objectOf } from '../decimals.js';
import type { VendorSymbol } from '../define-vendor.js';

/** Exchange of each segment we read; a map, because a row may name anything. */
const EXCHANGES: ReadonlyMap<string, string> = new Map([
  ['NSE_EQ', 'NSE'],
  ['BSE_EQ', 'BSE'],
  ['NSE_INDEX', 'NSE'],
  ['BSE_INDEX', 'BSE'],
]);

/** `NSE_EQ|INE062A01020`: a share's key follows from its exchange and ISIN. Undefined for anything else. */
export function shareKey({ exchange, isin }: Instrument): string | undefined {
  if (isin === undefined || (exchange !== 'NSE' && exchange !== 'BSE')) return undefined;
  return `${exchange}_EQ|${isin}`;
}

/**
 * Shares, then indices, of the vendor's instruments file.
 * Shape  `[{"segment":"NSE_EQ","instrument_key":"NSE_EQ|INE062A01020","trading_symbol":"SBIN","exchange_token":"3045","isin":"INE062A01020"}]`
 * Other segments are left out, and so are rows that lack a field. On BSE the exchange token is the scrip code.
 * @throws Error if it is no JSON list
 * @see https://assets.upstox.com/market-quote/instruments/exchange/complete.json.gz, unpacked
 */
export function* readInstruments(text: string): Iterable<VendorSymbol> {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error('it is no list');
  const symbols = (rows as unknown[]).flatMap((row) => symbolOf(row));
  yield* symbols.filter(({ isin }) => isin !== undefined);
  yield* symbols.filter(({ isin }) => isin === undefined);
}

function symbolOf(row: unknown): VendorSymbol[] {
  const fields: Readonly<Record<string, unknown>> = objectOf(row) ?? {};
  const { segment, instrument_key: symbol, trading_symbol: ticker, exchange_token: token, isin } = fields;
  const exchange = typeof segment === 'string' ? EXCHANGES.get(segment) : undefined;
  if (exchange === undefined || typeof symbol !== 'string' || typeof ticker !== 'string') return [];
  if (segment === 'NSE_INDEX' || segment === 'BSE_INDEX') return [{ symbol, exchange, ticker }];
  if (typeof isin !== 'string' || isin === '') return [];
  const isCode = exchange === 'BSE' && typeof token === 'string' && /^\d+$/.test(token);
  return [{ symbol, exchange, ticker, isin, ...(isCode ? { bseCode: token } : {}) }];
}
