import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { MarketDataError, silentLog, systemClock } from '#domain';
import { isChdbInstalled } from './embedded/chdb.js';
import { EmbeddedEngine } from './embedded/embedded-engine.js';
import type { HistoryEngine } from './history-engine.js';
import type { FileRow } from './import-csv.js';
import type { RawRow } from './import-row.js';
import { quoted } from './query-settings.js';

const ROWS_AT_ONCE = 20_000;
const MEMORY_BYTES = 536_870_912;
/** What the columns of our own files hold; a text is what a name is. */
const STRUCTURE =
  "symbol LowCardinality(String), time DateTime64(3, 'UTC'), received DateTime64(3, 'UTC'), vendor LowCardinality(String), " +
  'price Nullable(Float64), size Nullable(Float64), volume Nullable(Float64), bid Nullable(Float64), ask Nullable(Float64), ' +
  'bid_size Nullable(Float64), ask_size Nullable(Float64), open_interest Nullable(Float64), late UInt8';

/** Reads a Parquet file by the engine, which needs a process of its own for it; a row's line is its number. */
export async function* readParquet(path: string, header: (names: readonly string[]) => void): AsyncGenerator<FileRow> {
  const engine = await openScratch();
  try {
    const source = `FROM file(${quoted(resolve(path))}, 'Parquet')`;
    const columns = await engine.rows<{ readonly name: string }>(`DESCRIBE TABLE ${source.slice(5)}`);
    header(columns.map(({ name }) => name));
    for (let at = 0; ; at += ROWS_AT_ONCE) {
      const sql =
        `SELECT * ${source} LIMIT ${ROWS_AT_ONCE} OFFSET ${at} ` +
        "SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, date_time_output_format = 'iso', format_csv_null_representation = ''";
      const rows = parse<RawRow>(await engine.bytes(sql, 'CSVWithNames'), { columns: true });
      for (const [i, row] of rows.entries()) yield { line: at + i + 1, row };
      if (rows.length < ROWS_AT_ONCE) return;
    }
  } finally {
    await engine.discard();
  }
}

/** Makes a Parquet file of a CSV file with all columns of export. */
export async function parquetOf(csv: string, parquet: string): Promise<void> {
  const engine = await openScratch();
  try {
    await engine.run(
      `INSERT INTO FUNCTION file(${quoted(resolve(parquet))}, 'Parquet') ` +
        `SELECT * FROM file(${quoted(resolve(csv))}, 'CSVWithNames', ${quoted(STRUCTURE)}) ` +
        "SETTINGS max_threads = 1, max_insert_threads = 1, engine_file_truncate_on_insert = 1, date_time_input_format = 'best_effort'",
    );
  } finally {
    await engine.discard();
  }
}

interface ScratchEngine extends HistoryEngine {
  discard(): Promise<void>;
}

/** An engine for one piece of work, on a folder of its own. */
async function openScratch(): Promise<ScratchEngine> {
  if (!isChdbInstalled())
    throw new MarketDataError(
      'HISTORY_UNAVAILABLE',
      'Parquet needs the package chdb, which is not installed here',
      false,
    );
  const folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  const engine = new EmbeddedEngine(
    { folder, memoryBytes: MEMORY_BYTES, threads: 1 },
    () => Promise.resolve(),
    systemClock,
    silentLog,
  );
  await engine.ready();
  const discard = async (): Promise<void> => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  };
  return Object.assign(engine, { discard });
}
