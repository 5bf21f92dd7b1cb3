import { type Clock, MarketDataError } from '#domain';
import { checkUp } from './engine-reader.js';
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

/** Who asks. */
export interface Asker {
  /** What is counted as one. */
  readonly name: string;
  /** Of symbols they may see, as entitlements have them; undefined for all. */
  readonly patterns: readonly string[] | undefined;
  /** Aborted when they have gone: the query ends. */
  readonly signal: AbortSignal;
  /** Resolves when they have taken the answer, or have gone: until then it is in memory. */
  readonly taken: Promise<void>;
}

/**
 * Names that stand for names and so on make a short statement a large one, with which the engine is busy for long without looking at its time
 * limit; a column for each of 500 symbols, about as many as the guard lets pass, takes less than 3,000.
 */
const MAX_ELEMENTS = 20_000;
/** Whose query ran when the engine's process ended waits this long, ms. */
const CRASH_PAUSE_MS = 60_000;

/** Tables a client may read, and what each is in the engine. */
export const PUBLISHED_TABLES: ReadonlyMap<string, string> = new Map(
  ['ticks', 'candles_1m', 'candles_1s'].map((name) => [name, `tickwire.${name}`]),
);

/** Runs clients' own queries on history: reads of published tables only, bounded in every way, a few at a time. */
export class QueryService {
  /** Names of those who ask, one for each query that runs or whose answer is being taken. */
  private readonly running: string[] = [];
  /** When each of those whose query the engine did not survive may ask again. */
  private readonly paused = new Map<string, number>();

  /** @param engine undefined where there is no history */
  constructor(
    private readonly engine: Pick<HistoryEngine, 'bytes' | 'state' | 'kind'> | undefined,
    private readonly config: QueryConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws MarketDataError `QUERY_INVALID`, `QUERY_TIMEOUT`, `QUERY_LIMIT`, `HISTORY_UNAVAILABLE`, or `RATE_LIMITED` while too many run, or
   * answers of too many are being taken
   */
  async run(query: ClientQuery, asker: Asker): Promise<Buffer> {
    const { engine, config } = this;
    const { name, patterns, signal } = asker;
    if (config.queryConcurrency === 0)
      throw new MarketDataError('HISTORY_UNAVAILABLE', 'Queries are turned off', false);
    if (engine === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'There is no history here', false);
    const condition = patterns && conditionOf(patterns);
    const sql = guardSql(query.sql, { tables: PUBLISHED_TABLES, ...(condition !== undefined && { condition }) });
    checkUp(engine);
    this.enter(name);
    let isAnswered = false;
    try {
      const answer = await engine.bytes(sql, QUERY_FORMATS[query.format], query.params, this.limits(signal));
      // the engine counts a value's bytes, not those of its text
      if (answer.length > config.queryMaxBytes)
        throw new MarketDataError('QUERY_LIMIT', `The answer has more than ${config.queryMaxBytes} bytes`, false);
      isAnswered = true;
      void asker.taken.then(() => this.leave(name));
      return answer;
    } catch (error) {
      const hasEnded =
        error instanceof MarketDataError && error.code === 'HISTORY_UNAVAILABLE' && engine.state !== 'up';
      if (hasEnded && engine.kind === 'embedded') this.paused.set(name, this.clock.elapsed() + CRASH_PAUSE_MS);
      throw error;
    } finally {
      if (!isAnswered) this.leave(name);
    }
  }

  private enter(name: string): void {
    const { running, paused } = this;
    const { queryConcurrency } = this.config;
    for (const [other, until] of paused) if (until <= this.clock.elapsed()) paused.delete(other);
    if (paused.has(name)) throw busy('The engine ended while your query ran; try again in a minute');
    if (running.length >= queryConcurrency) throw busy(`${running.length} queries are running; try again`);
    // there is room for somebody else, unless there is room for one only
    const own = running.filter((other) => other === name).length;
    if (own > 0 && own >= queryConcurrency - 1) throw busy(`${own} of your queries are running; try again`);
    running.push(name);
  }

  private leave(name: string): void {
    this.running.splice(this.running.indexOf(name), 1);
  }

  private limits(signal: AbortSignal): QueryLimits {
    const { queryMaxMs, queryMaxRows, queryMaxBytes, queryMaxMemoryBytes } = this.config;
    const { queryMaxReadRows, queryMaxReadBytes, queryMaxThreads } = this.config;
    return {
      maxMs: queryMaxMs,
      maxRows: queryMaxRows,
      maxBytes: queryMaxBytes,
      maxMemoryBytes: queryMaxMemoryBytes,
      maxReadRows: queryMaxReadRows,
      maxReadBytes: queryMaxReadBytes,
      maxElements: MAX_ELEMENTS,
      maxThreads: queryMaxThreads,
      readOnly: true,
      signal,
    };
  }
}

function busy(message: string): MarketDataError {
  return new MarketDataError('RATE_LIMITED', message, true);
}

/** What rows must meet for somebody who may see these symbols only. @throws Error for what is no pattern */
export function conditionOf(patterns: readonly string[]): string {
  const parts = patterns.map((pattern) => {
    if (!/^[A-Z0-9:&._-]+\*?$/.test(pattern)) throw new Error(`${JSON.stringify(pattern)} is no pattern of symbols`);
    return pattern.endsWith('*') ? `startsWith(symbol, '${pattern.slice(0, -1)}')` : `symbol = '${pattern}'`;
  });
  return parts.length === 0 ? '0' : parts.join(' OR ');
}
