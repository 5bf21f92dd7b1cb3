import { parse } from 'csv-parse/sync';
import type { VendorSymbol } from '../define-vendor.js';

const SYMBOL = /^(NSE|BSE|MCX):(\S+)$/;
const ISIN = /^IN[A-Z0-9]{9}\d$/;
/** Exchange and segment, no expiry, and the exchange's token: a thing that is held and not a contract. */
const CASH_TOKEN = /^1[02]10000000(\d+)$/;
const ANY_TOKEN = /^\d{11,}$/;
const SERIES = /-[A-Z0-9]{1,5}$/;

/**
 * Reads a symbol file of FYERS, such as `NSE_CM.csv` or `BSE_CM.csv`.
 * Shape  CSV without a header: fyToken, name, type, lot, tick size, ISIN, session, date of update, expiry, symbol, exchange, segment,
 *        exchange token...; columns are found by what they hold, because their order is not promised
 * Emits  one row per symbol, the plain series of an NSE share (`-EQ`) before its others
 * @throws Error if no line holds a token and a symbol
 */
export function readFyersSymbols(text: string): VendorSymbol[] {
  const lines = parse(text, { bom: true, relax_column_count: true, relax_quotes: true, trim: true });
  const rows = lines.flatMap((cells) => rowOf(cells) ?? []);
  if (rows.length === 0) throw new Error('no line holds a token and a symbol of FYERS');
  const isPlain = ({ symbol }: VendorSymbol): boolean => symbol.endsWith('-EQ');
  return [...rows.filter(isPlain), ...rows.filter((row) => !isPlain(row))];
}

function rowOf(cells: readonly string[]): VendorSymbol | undefined {
  const symbol = cells.find((cell) => SYMBOL.test(cell));
  const token = cells.find((cell) => ANY_TOKEN.test(cell));
  if (symbol === undefined || token === undefined) return undefined;
  const [, exchange = '', name = ''] = SYMBOL.exec(symbol) ?? [];
  const cashToken = CASH_TOKEN.exec(token)?.[1];
  // a contract may be listed with the ISIN of the share it is about
  const isin = cashToken === undefined ? undefined : cells.find((cell) => ISIN.test(cell));
  const bseCode = exchange === 'BSE' ? cashToken : undefined;
  return { symbol, exchange, ticker: name.replace(SERIES, ''), isin, bseCode };
}
