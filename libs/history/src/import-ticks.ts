import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { InstrumentId } from '#domain';
import type { HistoryEngine } from './history-engine.js';
import { readRows } from './import-file.js';
import { type RowOptions, RowReader, type TickRow } from './import-row.js';
import { ImportSizes, type SizedRow } from './import-sizes.js';
import type { VolumeMove } from './writer/traded-sizes.js';

const BATCH_ROWS = 20_000;
/** Bad rows that are told one by one. */
const MAX_TOLD = 20;
/** What was stored of which file; the engine's own memory of batches does not last. */
const LEDGER = `
CREATE TABLE IF NOT EXISTS tickwire.imports (file FixedString(64), batch UInt32, rows UInt32, at DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY (file, batch)`;

export interface BadRow {
  readonly line: number;
  readonly why: string;
}

export interface ImportReport {
  /** Rows read. */
  readonly rows: number;
  readonly added: number;
  /** Rows that an earlier import of the same file has stored. */
  readonly repeated: number;
  /** Rows that are no ticks. */
  readonly refused: number;
  /** The first of them. */
  readonly bad: readonly BadRow[];
  /** Columns that are missing; nothing was read then. */
  readonly missing: readonly string[];
}

type Progress = (rows: number) => void;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Stores a file of ticks in history. What was stored of the same file, read in the same way, is not stored again, also where an import was cut off.
 */
export class TickImport {
  constructor(
    private readonly engine: Pick<HistoryEngine, 'run' | 'rows' | 'insert'>,
    private readonly options: RowOptions & { readonly zone: string },
    private readonly progress: Progress,
  ) {}

  /** Reads the file and stores nothing. */
  check(path: string): Promise<ImportReport> {
    return this.read(path, () => Promise.resolve(false));
  }

  /** @throws MarketDataError of the engine; Error of the file */
  async store(path: string): Promise<ImportReport> {
    const file = await this.fingerprint(path);
    await this.engine.run(LEDGER);
    const known = 'SELECT batch FROM tickwire.imports WHERE file = {file:String}';
    const stored = new Set(
      (await this.engine.rows<{ batch: number }>(known, { file })).map(({ batch }) => Number(batch)),
    );
    return this.read(path, async (lines, moves, batch) => {
      if (stored.has(batch)) return false;
      // an import that was cut off between the two sends the batch again, which the engine still remembers
      await this.engine.insert('tickwire.ticks', 'JSONEachRow', Buffer.from(lines.join('')), `import-${file}-${batch}`);
      if (moves.length > 0) {
        const moved = Buffer.from(moves.join(''));
        await this.engine.insert('tickwire.volume_moves', 'JSONEachRow', moved, `moves-${file}-${batch}`);
      }
      const entry = Buffer.from(JSON.stringify({ file, batch, rows: lines.length }));
      await this.engine.insert('tickwire.imports', 'JSONEachRow', entry, `ledger-${file}-${batch}`);
      return true;
    });
  }

  private async read(
    path: string,
    store: (lines: readonly string[], moves: readonly string[], batch: number) => Promise<boolean>,
  ): Promise<ImportReport> {
    const report: Mutable<ImportReport> = { rows: 0, added: 0, repeated: 0, refused: 0, bad: [], missing: [] };
    const reader = new RowReader(this.options);
    const bad: BadRow[] = [];
    let sizes = new ImportSizes(false);
    let batch = 0;
    let lines: string[] = [];
    let moves: string[] = [];
    const flush = async (): Promise<void> => {
      if (lines.length === 0) return;
      if (await store(lines, moves, batch++)) report.added += lines.length;
      else report.repeated += lines.length;
      [lines, moves] = [[], []];
      this.progress(report.rows);
    };
    const rows = readRows(path, (header) => {
      report.missing = reader.missing(header);
      sizes = new ImportSizes(reader.hasSizes(header));
    });
    for await (const { line, row } of rows) {
      if (report.missing.length > 0) break;
      report.rows++;
      const read = reader.read(row);
      const sized = typeof read === 'string' ? read : sizes.of(read);
      if (typeof read === 'string' || typeof sized === 'string') {
        report.refused++;
        if (bad.length < MAX_TOLD) bad.push({ line, why: String(sized) });
        continue;
      }
      lines.push(jsonLine(read, sized));
      moves.push(...moveLines(read.tick.instrument, sized.moved));
      if (lines.length >= BATCH_ROWS) await flush();
    }
    await flush();
    return { ...report, bad };
  }

  /** Of what the file holds, and of how it is read. */
  private async fingerprint(path: string): Promise<string> {
    const { names, symbol, vendor, zone } = this.options;
    const hash = createHash('sha256').update(JSON.stringify([names, symbol, vendor, zone]));
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }
}

function moveLines(symbol: InstrumentId, moved: VolumeMove | undefined): string[] {
  if (moved === undefined) return [];
  const { to, from, size } = moved;
  const line = (at: number, amount: number): string =>
    `${JSON.stringify({ symbol, time: textOf(at), size: amount })}\n`;
  return [line(to, size), line(from, -size)];
}

function jsonLine({ tick, time, late }: TickRow, { size, arrival }: SizedRow): string {
  const { instrument: symbol, receivedAt, vendor, price, volume, bid, ask, bidSize, askSize, openInterest } = tick;
  const line = {
    symbol,
    time: textOf(time),
    received: textOf(receivedAt),
    arrival,
    vendor,
    price,
    // JSON has no NaN: what is none is null
    size: size ?? null,
    volume,
    bid,
    ask,
    bid_size: bidSize,
    ask_size: askSize,
    open_interest: openInterest,
    late: late ? 1 : 0,
  };
  return `${JSON.stringify(line)}\n`;
}

function textOf(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, -1);
}
