import { ConfigError, type Instrument, type InstrumentId, type InstrumentMaster, type VendorId } from '#domain';
import { vendorOf } from './create-vendors.js';
import type { VendorSymbol } from './define-vendor.js';

/** Per vendor: instrument to the vendor's own symbol. */
export type SymbolTables = ReadonlyMap<VendorId, ReadonlyMap<InstrumentId, string>>;

/**
 * Joins vendors' symbol files with the instrument master: by ISIN, on BSE also by scrip code, else by ticker, always within one exchange.
 * @param files text of each vendor's file
 * @throws ConfigError if a vendor has no symbol file, or its file cannot be read
 */
export function symbolTables(files: ReadonlyMap<VendorId, string>, master: InstrumentMaster): SymbolTables {
  const index = indexOf(master.all());
  const tables = new Map<VendorId, ReadonlyMap<InstrumentId, string>>();
  for (const [vendor, text] of files) {
    const { symbolFile } = vendorOf(vendor);
    if (symbolFile === undefined) throw new ConfigError([`SYMBOL_FILES: ${vendor} has no symbol file`]);
    const table = new Map<InstrumentId, string>();
    for (const row of rowsOf(vendor, symbolFile, text)) {
      const id = keysOf(row).flatMap((key) => index.get(key) ?? [])[0];
      // the first row wins: vendors list the plain share before its series
      if (id !== undefined && !table.has(id)) table.set(id, row.symbol);
    }
    tables.set(vendor, table);
  }
  return tables;
}

function* rowsOf(
  vendor: VendorId,
  read: (text: string) => Iterable<VendorSymbol>,
  text: string,
): Iterable<VendorSymbol> {
  try {
    yield* read(text);
  } catch (error) {
    throw new ConfigError([`SYMBOL_FILES: the file of ${vendor} cannot be read: ${(error as Error).message}`]);
  }
}

function indexOf(instruments: Iterable<Instrument>): ReadonlyMap<string, InstrumentId> {
  const index = new Map<string, InstrumentId>();
  for (const { id, exchange, ticker, isin, bseCode } of instruments) {
    for (const key of keysOf({ exchange, ticker, isin, bseCode: exchange === 'BSE' ? bseCode : undefined }))
      index.set(key, id);
  }
  return index;
}

/** By what an instrument is found, surest first. */
function keysOf(row: { [K in 'exchange' | 'ticker' | 'isin' | 'bseCode']?: string | undefined }): string[] {
  const keys: string[] = [];
  if (row.isin) keys.push(`${row.exchange} isin ${row.isin}`);
  if (row.bseCode) keys.push(`${row.exchange} code ${row.bseCode}`);
  if (row.ticker) keys.push(`${row.exchange} ticker ${row.ticker}`);
  return keys;
}
