import { parse } from 'csv-parse/sync';
import { ConfigError } from './env.js';
import { type Instrument, isInstrumentId } from './instrument.js';

const COLUMNS = [
  'exchange',
  'code',
  'ticker',
  'name',
  'isin',
  'bseCode',
  'tickSize',
  'decimals',
  'currency',
  'indices',
] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** Instruments a file may hold. */
const MAX_ROWS = 1_000_000;

/**
 * Reads an instrument master.
 * Shape  a header, then one row per listing: exchange, code, ticker, name, isin, bseCode, tickSize, decimals, currency, indices;
 *   other columns are ignored, `isin`, `bseCode` and `indices` may be empty, indices are joined by `|`
 * @throws ConfigError naming the lines that cannot be read
 */
export function parseInstrumentsCsv(text: string): Instrument[] {
  const rows = readRows(text);
  const problems: string[] = [];
  const seen = new Set<string>();
  const instruments: Instrument[] = [];
  for (const [i, row] of rows.entries()) {
    const instrument = toInstrument(row);
    const problem =
      problemOf(instrument) ?? (seen.has(instrument.id) ? `${instrument.id} stands there twice` : undefined);
    seen.add(instrument.id);
    if (problem === undefined) instruments.push(instrument);
    else problems.push(`instrument master, row ${i + 2}: ${problem}`);
    if (problems.length === 10) break;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return instruments;
}

function readRows(text: string): Row[] {
  try {
    const rows = parse<Row>(text, { columns: true, bom: true, skip_empty_lines: true, trim: true, to: MAX_ROWS });
    const missing = COLUMNS.filter((column) => rows[0] !== undefined && !(column in rows[0]));
    if (missing.length > 0) throw new Error(`the header lacks ${missing.join(', ')}`);
    return rows;
  } catch (error) {
    throw new ConfigError([`instrument master: ${(error as Error).message}`]);
  }
}

function toInstrument({
  exchange,
  code,
  ticker,
  name,
  isin,
  bseCode,
  tickSize,
  decimals,
  currency,
  indices,
}: Row): Instrument {
  return {
    id: `${exchange}:${code}`,
    exchange,
    ticker,
    name,
    isin: isin || undefined,
    bseCode: bseCode || undefined,
    tickSize: Number(tickSize),
    decimals: Number(decimals),
    currency,
    indices: indices === '' ? [] : indices.split('|'),
  };
}

function problemOf({ id, ticker, name, tickSize, decimals }: Instrument): string | undefined {
  if (!isInstrumentId(id)) return `${JSON.stringify(id)} is no instrument id`;
  if (ticker === '' || name === '') return `${id} needs a ticker and a name`;
  if (!(tickSize > 0)) return `${id}: tickSize must be a number above 0`;
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 8) return `${id}: decimals must be 0 to 8`;
  return undefined;
}
