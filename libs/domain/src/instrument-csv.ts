import { type Info, parse } from 'csv-parse/sync';
import { ConfigError } from './env.js';
import { type Instrument, type InstrumentId, isInstrumentId } from './instrument.js';

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
/** A row shorter than the header lacks its last cells. */
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string>>>;

interface Line {
  readonly record: Row;
  /** Line of the file the row ends on. */
  readonly info: Info;
}

/** Instruments a file may hold. */
const MAX_ROWS = 1_000_000;
/** Problems told at one time; a file with more has one cause. */
const MAX_PROBLEMS = 10;

/**
 * Reads an instrument master.
 * Shape  a header, then one row per listing: exchange, code, ticker, name, isin, bseCode, tickSize, decimals, currency, indices;
 *   other columns are ignored, `isin`, `bseCode` and `indices` may be empty or, at the end of a row, left out; indices are joined by `|`
 * @throws ConfigError naming the lines that cannot be read, ten at most
 */
export function parseInstrumentsCsv(text: string): Instrument[] {
  const problems: string[] = [];
  const lineOf = new Map<InstrumentId, number>();
  const instruments: Instrument[] = [];
  for (const { record, info } of readLines(text)) {
    const instrument = toInstrument(record);
    const earlier = lineOf.get(instrument.id);
    const problem =
      problemOf(instrument, record) ??
      (earlier === undefined ? undefined : `${instrument.id} already stands on line ${earlier}`);
    lineOf.set(instrument.id, earlier ?? info.lines);
    if (problem === undefined) instruments.push(instrument);
    else problems.push(`instrument master, line ${info.lines}: ${problem}`);
    if (problems.length === MAX_PROBLEMS) break;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return instruments;
}

/**
 * Writes an instrument master that `parseInstrumentsCsv` reads back to the same instruments.
 * @param extra columns after the known ones, by name; readers of the master ignore them
 */
export function formatInstrumentsCsv(
  instruments: Iterable<Instrument>,
  extra: Readonly<Record<string, (instrument: Instrument) => string | number>> = {},
): string {
  const rows = [[...COLUMNS, ...Object.keys(extra)].join(',')];
  for (const instrument of instruments) {
    const { exchange, id, ticker, name, isin = '', bseCode = '', tickSize, decimals, currency, indices } = instrument;
    const code = id.slice(exchange.length + 1);
    const known = [exchange, code, ticker, name, isin, bseCode, tickSize, decimals, currency, indices.join('|')];
    rows.push([...known, ...Object.values(extra).map((valueOf) => valueOf(instrument))].map(cell).join(','));
  }
  return `${rows.join('\n')}\n`;
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function readLines(text: string): Line[] {
  try {
    // one kind of line end, or lines are counted wrong where a file mixes them
    return parse<Line>(text.replaceAll(/\r\n?/g, '\n'), {
      columns: checkHeader,
      bom: true,
      info: true,
      relax_column_count_less: true,
      skip_empty_lines: true,
      trim: true,
      to: MAX_ROWS,
    });
  } catch (error) {
    throw new ConfigError([`instrument master: ${(error as Error).message}`]);
  }
}

function checkHeader(header: string[]): string[] {
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new Error(`the header lacks ${missing.join(', ')}`);
  return header;
}

function toInstrument({
  exchange = '',
  code = '',
  ticker = '',
  name = '',
  isin,
  bseCode,
  tickSize,
  decimals,
  currency = '',
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
    indices: indices ? indices.split('|') : [],
  };
}

function problemOf({ id, ticker, name, tickSize, decimals, currency }: Instrument, row: Row): string | undefined {
  if (!isInstrumentId(id)) return `${JSON.stringify(id)} is no instrument id`;
  if (ticker === '' || name === '') return `${id} needs a ticker and a name`;
  if (!(tickSize > 0 && tickSize < Infinity)) return `${id}: tickSize must be a number above 0`;
  // Number('') is 0, which would make prices whole rupees
  if (!row.decimals || !Number.isInteger(decimals) || decimals < 0 || decimals > 8)
    return `${id}: decimals must be 0 to 8`;
  // prices are told with so many decimals, and a step between them would be lost
  if (Number(tickSize.toFixed(decimals)) !== tickSize)
    return `${id}: tickSize ${tickSize} takes more than ${decimals} decimals`;
  if (!/^[A-Z]{3}$/.test(currency)) return `${id}: currency must be three capital letters`;
  return undefined;
}
