/** Values bound to `{name:Type}` in a statement. They are never part of its text. */
export type QueryParams = Readonly<Record<string, QueryParam>>;
export type QueryParam = string | number | boolean | null | readonly string[] | readonly number[];

/** What one statement may cost. What is not given is not limited, except by the engine as a whole. */
export interface QueryLimits {
  /** Run time, ms; past it the statement ends with `QUERY_TIMEOUT`. */
  readonly maxMs?: number;
  /** Rows of the answer; past it the statement ends with `QUERY_LIMIT`. */
  readonly maxRows?: number;
  /** Bytes of the answer as the engine counts them, which differs a little from the bytes of a format. */
  readonly maxBytes?: number;
  readonly maxMemoryBytes?: number;
  /** Rows it may read in the tables, and their bytes once unpacked; past either the statement ends with `QUERY_LIMIT`. */
  readonly maxReadRows?: number;
  readonly maxReadBytes?: number;
  /** Parts of the statement once each name in it is what it stands for; past them the statement ends with `QUERY_INVALID`. */
  readonly maxElements?: number;
  /** Threads it may use of the engine's. */
  readonly maxThreads?: number;
  /** Whether the engine itself refuses whatever is not a read. */
  readonly readOnly?: boolean;
  /** Ends the statement where it is: whoever asked has gone. */
  readonly signal?: AbortSignal;
}

/** `starting` and `away` are temporary: statements fail with `HISTORY_UNAVAILABLE`, and the engine tries again by itself. */
export type EngineState = 'starting' | 'up' | 'away' | 'closed';

/** `Native` is columns as the engine keeps them: the cheapest for many rows. */
export type InsertFormat = 'JSONEachRow' | 'RowBinary' | 'Native';

/** The database of ticks and candles. The same SQL, that of ClickHouse, serves both kinds. */
export interface HistoryEngine {
  readonly kind: 'embedded' | 'server';
  readonly state: EngineState;
  /** Why it is away; undefined while it is up. */
  readonly problem: string | undefined;
  /** Process of the embedded engine while it runs. */
  readonly pid?: number | undefined;
  /**
   * Rows as objects. 64-bit integers and decimals come as numbers, DateTime64 as text.
   * @throws MarketDataError HISTORY_UNAVAILABLE, QUERY_TIMEOUT, QUERY_LIMIT or QUERY_INVALID
   */
  rows<T>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<T[]>;
  /**
   * The answer in a ClickHouse output format, as it is: `JSONEachRow`, `CSVWithNames`, `ArrowStream`, `JSONCompact` ...
   * @throws as `rows`
   */
  bytes(sql: string, format: string, params?: QueryParams, limits?: QueryLimits): Promise<Buffer>;
  /**
   * Runs a statement without an answer: DDL.
   * @throws as `rows`
   */
  run(sql: string): Promise<void>;
  /**
   * Appends rows. All of them are there when it resolves; none, or all, when it rejects.
   * @param token names the batch: a batch is stored once, however often it is sent
   * @throws MarketDataError HISTORY_UNAVAILABLE when it may work later, QUERY_INVALID when it never will
   */
  insert(table: string, format: InsertFormat, rows: Buffer, token?: string): Promise<void>;
  /** Called when `state` has changed. */
  onState(listener: (state: EngineState) => void): void;
  /** Resolves when it is up; rejects when it is closed before. */
  ready(): Promise<void>;
  /** Ends what runs and gives everything back. Safe to call twice. */
  close(): Promise<void>;
}
