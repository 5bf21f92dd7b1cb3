import { type FileRow, readCsv } from './import-csv.js';
import { readParquet } from './import-parquet.js';

/**
 * The rows of a file of ticks: Parquet, CSV with a header, or gzipped CSV, by the end of its name.
 * @param header told the names of the columns before the first row
 * @throws Error of the file system or the reader; MarketDataError `HISTORY_UNAVAILABLE` for Parquet where the engine is not installed
 */
export function readRows(path: string, header: (names: readonly string[]) => void): AsyncGenerator<FileRow> {
  return path.endsWith('.parquet') ? readParquet(path, header) : readCsv(path, header);
}
