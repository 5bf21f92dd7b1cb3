import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import type { RawRow } from './import-row.js';

/** A row of a file, and the line it stands on, from 1. */
export interface FileRow {
  readonly line: number;
  readonly row: RawRow;
}

interface Parsed {
  readonly record: RawRow;
  readonly info: { readonly lines: number };
}

/**
 * Reads a CSV file with a header, gzipped when its name ends so, row by row; no more than a few rows are held.
 * @param header called once with the names of the columns, before the first row
 * @throws Error of the file system or the reader, which says the line
 */
export async function* readCsv(path: string, header: (names: readonly string[]) => void): AsyncGenerator<FileRow> {
  const file = createReadStream(path);
  const rows = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: 65_536,
    columns: (names: string[]) => {
      header(names);
      return names;
    },
  });
  const ended = (): void => undefined;
  // an error goes on to the last stream, which the loop reads
  if (path.endsWith('.gz')) pipeline(file, createGunzip(), rows, ended);
  else pipeline(file, rows, ended);
  for await (const { record, info } of rows as AsyncIterable<Parsed>) yield { line: info.lines, row: record };
}
