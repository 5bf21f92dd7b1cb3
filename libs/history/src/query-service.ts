import { MarketDataError } from '#domain';
import type { HistoryEngine, QueryLimits, QueryParams } from './history-engine.js';
import { guardSql } from './sql-guard.js';
import type { QueryConfig } from './query.config.js';

export const QUERY_FORMATS = {
  /** `{columns: [{name, type}], rows: [[...]], statistics}` */
  json: 'JSONCompact',
  /** One object on each line. */
  ndjson: 'JSONEachRow',
  /** With a header. */
  csv: 'CSVWithNames',
  /** Arrow's stream format. */
  arrow: 'ArrowStream',
} as const;

export type QueryFormat = keyof typeof QUERY_FORMATS;

export interface ClientQuery {
  readonly sql: string;
  readonly params: QueryParams;
  readonly format: QueryFormat;
}

/** Tables a client may read, and what each is in the engine. */
export const PUBLISHED_TABLES: ReadonlyMap<string, string> = new Map(
  ['ticks', 'candles_1m', 'candles_1s'].map((name) => [name, `tickwire.${name}`]),
);

/** Runs clients' own queries on history: reads of published tables only, bounded in every way, a few at a time. */
export class QueryService {
  private running = 0;

  /** @param engine undefined where there is no history */
  constructor(
    private readonly engine: Pick<HistoryEngine, 'bytes'> | undefined,
    private readonly config: QueryConfig,
  ) {}

  /**
   * @param patterns of symbols the caller may see, as entitlements have them; undefined for all
   * @param signal aborted when the caller has gone: the query ends
   * @throws MarketDataError `QUERY_INVALID`, `QUERY_TIMEOUT`, `QUERY_LIMIT`, `HISTORY_UNAVAILABLE`, or `RATE_LIMITED` while too many run
   */
  async run(query: ClientQuery, patterns: readonly string[] | undefined, signal: AbortSignal): Promise<Buffer> {
    const { engine, config } = this;
    if (config.queryConcurrency === 0)
      throw new MarketDataError('HISTORY_UNAVAILABLE', 'Queries are turned off', false);
    if (engine === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'There is no history here', false);
    const condition = patterns && conditionOf(patterns);
    const sql = guardSql(query.sql, { tables: PUBLISHED_TABLES, ...(condition !== undefined && { condition }) });
    if (this.running >= config.queryConcurrency)
      throw new MarketDataError('RATE_LIMITED', `${this.running} queries are running; try again`, true);
    this.running++;
    try {
      const answer = await engine.bytes(sql, QUERY_FORMATS[query.format], query.params, this.limits(signal));
      // the engine counts a value's bytes, not those of its text
      if (answer.length > config.queryMaxBytes)
        throw new MarketDataError('QUERY_LIMIT', `The answer has more than ${config.queryMaxBytes} bytes`, false);
      return answer;
    } finally {
      this.running--;
    }
  }

  private limits(signal: AbortSignal): QueryLimits {
    const { queryMaxMs, queryMaxRows, queryMaxBytes, queryMaxMemoryBytes } = this.config;
    return {
      maxMs: queryMaxMs,
      maxRows: queryMaxRows,
      maxBytes: queryMaxBytes,
      maxMemoryBytes: queryMaxMemoryBytes,
      readOnly: true,
      signal,
    };
  }
}

/** What rows must meet for somebody who may see these symbols only. @throws Error for what is no pattern */
export function conditionOf(patterns: readonly string[]): string {
  const parts = patterns.map((pattern) => {
    if (!/^[A-Z0-9:&._-]+\*?$/.test(pattern)) throw new Error(`${JSON.stringify(pattern)} is no pattern of symbols`);
    return pattern.endsWith('*') ? `startsWith(symbol, '${pattern.slice(0, -1)}')` : `symbol = '${pattern}'`;
  });
  return parts.length === 0 ? '0' : parts.join(' OR ');
}
