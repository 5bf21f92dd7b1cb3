import { type Instrument, VendorFrameError } from '#domain';
import { bseJson, isFields, VENDOR } from './bse.body.js';

/**
 * The smallest price step of all BSE shares: the master does not tell a scrip's own, and a step that is too coarse would refuse
 * good prices.
 */
const TICK_SIZE = 0.01;

/**
 * Reads the scrip master, `ListofScripData` with `segment=Equity&status=Active`.
 * Shape  a list of `{"SCRIP_CD":"500002","scrip_id":"ABB","Scrip_Name":"ABB India Limited","ISIN_NUMBER":"INE117A01022",...}`, all strings
 * Emits  an instrument per active equity with a code, a ticker and a name, each code once; `formatInstrumentsCsv` makes them a master.
 *   Without an ISIN where it is none, in no index, and with the smallest tick size there is
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, or JSON that is no list
 * @see public routes of bseindia.com, undocumented. Unverified: whether other segments or states come though not asked for; they are left out.
 */
export function readScripMaster(text: string): Instrument[] {
  const rows = bseJson(text);
  if (!Array.isArray(rows)) throw new VendorFrameError(VENDOR, 'the scrip master is no list', rows ?? '');
  const byCode = new Map<string, Instrument>();
  for (const row of rows as readonly unknown[]) {
    const instrument = instrumentOf(row);
    if (instrument !== undefined && !byCode.has(instrument.id)) byCode.set(instrument.id, instrument);
  }
  return [...byCode.values()];
}

function instrumentOf(row: unknown): Instrument | undefined {
  if (!isFields(row)) return undefined;
  const code = textOf(row['SCRIP_CD']);
  const ticker = textOf(row['scrip_id']);
  const name = textOf(row['Scrip_Name']);
  if (!/^\d{5,6}$/.test(code) || ticker === '' || name === '') return undefined;
  if (!isOr(row['Segment'], 'equity') || !isOr(row['Status'], 'active')) return undefined;
  const isin = textOf(row['ISIN_NUMBER']).toUpperCase();
  return {
    id: `BSE:${code}`,
    exchange: 'BSE',
    ticker,
    name,
    isin: /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(isin) ? isin : undefined,
    bseCode: code,
    tickSize: TICK_SIZE,
    decimals: 2,
    currency: 'INR',
    indices: [],
  };
}

/** Without line ends and doubled blanks. A code may have lost its quotes. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.replaceAll(/\s+/g, ' ').trim() : '';
}

/** A row that does not say is taken for what was asked for. */
function isOr(value: unknown, expected: string): boolean {
  const text = textOf(value).toLowerCase();
  return text === '' || text === expected;
}
