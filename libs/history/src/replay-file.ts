import { basename } from 'node:path';
import { type EpochMs, type InstrumentId, MarketDataError, type Recording, type Tick } from '#domain';
import { readRows } from './import-file.js';
import { RowReader } from './import-row.js';
import { FileTimes } from './import-time.js';

/** Part of a recording that is wanted. */
export interface Span {
  readonly from: EpochMs;
  /** Excluded. */
  readonly to: EpochMs;
  /** None for all. */
  readonly symbols: ReadonlySet<InstrumentId>;
}

const PAGE = 5000;

/** A file of ticks, as export writes it, as a recording: its rows must be in the order of their receipt. */
export class FileRecording implements Recording {
  readonly name: string;
  /** Known when the first row was read. */
  span: Span | undefined;

  /** @param span of the file's first day, told its day; undefined for all of it */
  constructor(
    private readonly path: string,
    private readonly timeZone: string,
    private readonly spanOf: (day: string) => Span,
  ) {
    this.name = basename(path);
  }

  async *pages(from: EpochMs): AsyncIterable<readonly Tick[]> {
    const times = new FileTimes(this.timeZone);
    const reader = new RowReader({ names: {}, symbol: undefined, vendor: 'file', times });
    let page: Tick[] = [];
    let last = -Infinity;
    const rows = readRows(this.path, (header) => {
      const missing = reader.missing(header);
      if (missing.length > 0) throw this.unreadable(`it has no column ${missing.join(', ')}`);
    });
    for await (const { line, row } of rows) {
      const read = reader.read(row);
      if (typeof read === 'string') throw this.unreadable(`line ${line}: ${read}`);
      const { tick } = read;
      if (tick.receivedAt < last)
        throw this.unreadable(`line ${line}: it was received before the line above; sort by received`);
      last = tick.receivedAt;
      const span = (this.span ??= this.spanOf(times.dayOf(last)));
      if (last >= span.to) break;
      if (last < span.from || last < from || (span.symbols.size > 0 && !span.symbols.has(tick.instrument))) continue;
      page.push(tick);
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  private unreadable(why: string): MarketDataError {
    return new MarketDataError('QUERY_INVALID', `${this.name}: ${why}`, false);
  }
}
