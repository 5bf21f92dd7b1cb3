import { parse } from 'csv-parse/sync';
import { ConfigError, formatInstrumentsCsv, type Instrument, parseInstrumentsCsv } from '#domain';
import type { Reference } from './market.js';

/** For an instrument whose master says nothing. */
const DEFAULT_PRICE = 100;

/**
 * Instruments of a master with their reference prices: the master's columns, and `referencePrice`.
 * @throws ConfigError for what `parseInstrumentsCsv` refuses, and for a price that is none
 */
export function readReferences(csv: string): Reference[] {
  const instruments = parseInstrumentsCsv(csv);
  const rows = parse<{ referencePrice?: string }>(csv, {
    columns: true,
    bom: true,
    relax_column_count_less: true,
    skip_empty_lines: true,
    trim: true,
  });
  return instruments.map((instrument, i) => {
    const price = Number(rows[i]?.referencePrice || DEFAULT_PRICE);
    if (price >= instrument.tickSize && price < Infinity) return { instrument, price };
    throw new ConfigError([`instrument master: ${instrument.id}: referencePrice must be at least one tick`]);
  });
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
      isin: syntheticIsin(i + 1),
      bseCode: undefined,
      tickSize: 0.05,
      decimals: 2,
      currency: 'INR',
      indices: [],
    };
    return { instrument, price: 50 + ((i * 137) % 4950) };
  });
}

/** `INS` and a number, with the check digit of ISO 6166: letters as two digits, then Luhn. */
function syntheticIsin(number: number): string {
  const body = `INS${String(number).padStart(8, '0')}`;
  const digits = [...body].map((char) => parseInt(char, 36)).join('');
  const sum = [...digits].toReversed().reduce((total, digit, i) => {
    const weighted = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** The master as CSV, for whoever trades here. */
export function referencesCsv(references: readonly Reference[]): string {
  const prices = new Map(references.map(({ instrument, price }) => [instrument.id, price]));
  const referencePrice = ({ id }: Instrument): string => (prices.get(id) ?? 0).toFixed(2);
  return formatInstrumentsCsv(
    references.map(({ instrument }) => instrument),
    { referencePrice },
  );
}
