import { parse } from 'csv-parse/sync';
import { type EpochMs, type Tick, tick, VendorFrameError } from '#domain';
import { VENDOR } from './bse.body.js';
import { bseNumber, bsePositive } from './bse.numbers.js';
import { bseCloseOf, MINUTE_MS } from './bse.times.js';

type Row = Readonly<Record<string, string | undefined>>;

const NEEDED = ['FinInstrmId', 'FinInstrmTp', 'ClsPric', 'PrvsClsgPric'];

/** Path of a day's file on the site. @param day `20251014` */
export function bhavcopyPath(day: string): string {
  return `/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_${day}_F_0000.CSV`;
}

/**
 * Reads an end-of-day file: the whole market's last session.
 * Shape  a header, then a row per scrip: `FinInstrmTp` (`STK` for a share), `FinInstrmId` (scrip code), `ClsPric`, `PrvsClsgPric`, and, where
 *   the file has them, `TradDt` (`2025-10-14`), `OpnPric`, `HghPric`, `LwPric`, `TtlTradgVol`, `TtlTrfVal`
 * Units  rupees and shares; `TtlTrfVal` in rupees, so that turnover by volume is the average price
 * Emits  a tick per share with a close, its time the close of the session; what is 0 or missing is left out, a volume of 0 is not
 * @param receivedAt when the file was got; prices are not confirmed by it later than the close
 * @throws VendorFrameError for the site's HTML shell or a file without the columns that are needed
 * @see daily files of bseindia.com. Unverified: the columns named second, read when they are there.
 */
export function readBhavcopy(text: string, receivedAt: EpochMs): Tick[] {
  const rows = rowsOf(text);
  const missing = NEEDED.filter((column) => rows[0] !== undefined && !(column in rows[0]));
  if (rows.length === 0 || missing.length > 0)
    throw new VendorFrameError(VENDOR, `an end-of-day file without ${missing.join(', ') || 'rows'}`, text);
  return rows.flatMap((row) => tickOf(row, receivedAt) ?? []);
}

function rowsOf(text: string): Row[] {
  try {
    return parse(text, {
      columns: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
    });
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}

function tickOf(row: Row, receivedAt: EpochMs): Tick | undefined {
  const code = row['FinInstrmId'] ?? '';
  const price = bsePositive(row['ClsPric']);
  if (row['FinInstrmTp'] !== 'STK' || !/^\d{5,6}$/.test(code) || price === undefined) return undefined;
  const volume = bseNumber(row['TtlTradgVol']);
  const turnover = bsePositive(row['TtlTrfVal']);
  const eventTime = bseCloseOf(row['TradDt']);
  return tick({
    instrument: `BSE:${code}`,
    vendor: VENDOR,
    receivedAt,
    eventTime,
    eventTimeStep: eventTime === undefined ? undefined : MINUTE_MS,
    price,
    previousClose: bsePositive(row['PrvsClsgPric']),
    open: bsePositive(row['OpnPric']),
    high: bsePositive(row['HghPric']),
    low: bsePositive(row['LwPric']),
    volume: volume !== undefined && volume >= 0 ? volume : undefined,
    averagePrice: turnover !== undefined && volume ? Math.round((turnover / volume) * 100) / 100 : undefined,
  });
}
