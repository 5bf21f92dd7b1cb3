import { type EpochMs, type InstrumentId, isInstrumentId, type Tick, tick } from '#domain';
import type { FileTimes } from './import-time.js';

/** Columns of a file of ticks, in the order in which export writes them. Only `time`, `symbol` and some value are needed. */
export const TICK_COLUMNS = [
  'symbol',
  'time',
  'received',
  'vendor',
  'price',
  'size',
  'volume',
  'bid',
  'ask',
  'bid_size',
  'ask_size',
  'open_interest',
  'late',
] as const;

export type TickColumn = (typeof TICK_COLUMNS)[number];

/** One row of a file, by column as the file calls it. */
export type RawRow = Readonly<Record<string, string | undefined>>;

export interface RowOptions {
  /** What the file calls our columns, where it calls them something else. */
  readonly names: Readonly<Partial<Record<TickColumn, string>>>;
  /** Symbol of all rows, where the file has no column of it. */
  readonly symbol: InstrumentId | undefined;
  /** Vendor of rows that name none. */
  readonly vendor: string;
  readonly times: FileTimes;
  /** Time after which nothing can have been recorded; far in the future when absent. */
  readonly latest?: EpochMs | undefined;
}

/** A recorded tick: `size` is what it traded, `late` whether it was refused as older than the quote. */
export interface TickRow {
  readonly tick: Tick;
  /** When it happened: its event time, or when it was received. */
  readonly time: EpochMs;
  readonly late: boolean;
  /** Traded by it, 0 where it is not known how much; undefined when it tells of no trade, or the file does not say. */
  readonly size: number | undefined;
}

const NUMBERS = ['price', 'size', 'volume', 'bid', 'ask', 'bid_size', 'ask_size', 'open_interest'] as const;
/** What files write for a number that is not there. */
const NOTHING = new Set(['', 'nan', 'null', '\\n', '-', 'none']);
/** Of prices and orders, 0 is a vendor's way to say that there is none. */
const CAN_BE_ZERO: ReadonlySet<string> = new Set(['volume', 'open_interest', 'size']);
const VENDOR = /^[a-z][a-z0-9_-]{0,31}$/;
/** Time before which nothing was recorded. */
const EARLIEST = Date.UTC(1990, 0, 1);
/** And after which: the engine's minutes begin anew in 2106. */
const LATEST = Date.UTC(2100, 0, 1);

/** Turns rows of text into ticks. */
export class RowReader {
  private readonly names: Readonly<Record<TickColumn, string>>;

  constructor(private readonly options: RowOptions) {
    const own = Object.fromEntries(TICK_COLUMNS.map((column) => [column, column])) as Record<TickColumn, string>;
    this.names = { ...own, ...options.names };
  }

  /** The columns a file must have and has not. @param header as the file has them */
  missing(header: readonly string[]): string[] {
    const { names, options } = this;
    const needed: TickColumn[] = options.symbol === undefined ? ['symbol', 'time'] : ['time'];
    const mapped = Object.values(options.names);
    return [...new Set([...needed.map((column) => names[column]), ...mapped])].filter((name) => !header.includes(name));
  }

  /** Whether a file says what each tick traded. */
  hasSizes(header: readonly string[]): boolean {
    return header.includes(this.names.size);
  }

  /** @returns what is wrong with the row, in words, when it is no tick */
  read(row: RawRow): TickRow | string {
    const text = (column: TickColumn): string => row[this.names[column]]?.trim() ?? '';
    const symbol = text('symbol') || (this.options.symbol ?? '');
    if (!isInstrumentId(symbol)) return `${JSON.stringify(symbol)} is no symbol`;
    const time = this.timeOf(text('time'));
    if (typeof time === 'string') return time;
    const receivedAt = text('received') === '' ? time : this.timeOf(text('received'));
    if (typeof receivedAt === 'string') return receivedAt;
    const vendor = text('vendor') || this.options.vendor;
    if (!VENDOR.test(vendor)) return `${JSON.stringify(vendor)} is no name of a vendor`;
    const values: Partial<Record<(typeof NUMBERS)[number], number>> = {};
    for (const column of NUMBERS) {
      const given = text(column);
      if (NOTHING.has(given.toLowerCase())) continue;
      const value = Number(given);
      if (!Number.isFinite(value) || value < 0) return `${column} is ${JSON.stringify(given)}`;
      if (value > 0 || CAN_BE_ZERO.has(column)) values[column] = value;
    }
    if (Object.keys(values).length === 0) return 'it holds no value';
    const { price, size, volume, bid, ask, bid_size: bidSize, ask_size: askSize, open_interest: openInterest } = values;
    const eventTime = time === receivedAt ? undefined : time;
    const read = { price, volume, bid, ask, bidSize, askSize, openInterest, lastSize: size || undefined };
    return {
      tick: tick({ instrument: symbol, vendor, receivedAt, eventTime, ...read }),
      time,
      late: text('late') === '1' || text('late') === 'true',
      size,
    };
  }

  /** What is wrong with it, in words, when it is no time at which something was recorded. */
  private timeOf(text: string): EpochMs | string {
    const time = this.options.times.read(text);
    if (time === undefined) return `${JSON.stringify(text)} is no time`;
    const isPossible = time >= EARLIEST && time <= (this.options.latest ?? LATEST);
    return isPossible ? time : `${JSON.stringify(text)} is before 1990 or still to come`;
  }
}
