import type { BaseCandle, Stretch } from '#candles';
import type { EpochMs, InstrumentId } from '#domain';
import { CANDLE_TABLE, candleSql, LAG, TRADED } from './candle-sql.js';
import { checkUp, type EngineReader } from './engine-reader.js';
import type { QueryLimits } from './history-engine.js';

/** What one question for candles may take. */
const LIMITS: QueryLimits = { maxMs: 10_000, maxRows: 2_000_000, readOnly: true };
/** Bytes of a row: its start, its prices and volume, and whether it was corrected. */
const ROW_BYTES = 8 + 5 * 8 + 1;

/** Which candles somebody wants. */
export interface BaseQuery {
  readonly symbol: InstrumentId;
  /** Trades of which they are made; `to` is not included. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Where they may start; `startsTo` is not included. */
  readonly startsFrom: EpochMs;
  readonly startsTo: EpochMs;
  /** How they are counted, oldest first. */
  readonly stretches: readonly Stretch[];
  readonly step: number;
  /** Whether seconds matter, which only ticks tell. */
  readonly isShort: boolean;
  /** As many are wanted, from the beginning or from the end. */
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Aborts when whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** When a symbol was first and last traded, to the minute. */
export interface Traded {
  readonly earliest: EpochMs;
  readonly latest: EpochMs;
}

/** What the engine makes of the trades written down. */
export class CandleBase {
  constructor(private readonly engine: EngineReader) {}

  /** Oldest first; none where nothing was traded. @throws MarketDataError of the engine */
  async candles({ signal, stretches, isShort, newestFirst, ...query }: BaseQuery): Promise<BaseCandle[]> {
    checkUp(this.engine);
    if (stretches.length === 0) return [];
    const columns = {
      begins: stretches.map(({ from }) => from),
      ends: stretches.map(({ to }) => to),
      firsts: stretches.map(({ first }) => first),
      origins: stretches.map(({ origin }) => origin),
    };
    const limits = signal === undefined ? LIMITS : { ...LIMITS, signal };
    const sql = candleSql(isShort, newestFirst);
    const found = candlesOf(await this.engine.bytes(sql, 'RowBinary', { ...query, ...columns }, limits));
    return newestFirst ? found.toReversed() : found;
  }

  /** When a symbol was traded between two times; undefined when it was not. @throws MarketDataError of the engine */
  async traded(symbol: InstrumentId, from: EpochMs, to: EpochMs): Promise<Traded | undefined> {
    checkUp(this.engine);
    type Row = Readonly<Record<keyof Traded, number | string>>;
    const [row] = await this.engine.rows<Row>(TRADED, { symbol, from, to }, LIMITS);
    return row && { earliest: Number(row.earliest), latest: Number(row.latest) };
  }

  /** How long after it happened a symbol's newest trade was told, ms; 0 when there is none. @throws MarketDataError of the engine */
  async lag(symbol: InstrumentId, from: EpochMs): Promise<number> {
    const [row] = await this.engine.rows<{ lag: number | string }>(LAG, { symbol, from }, LIMITS);
    return Math.max(0, Number(row?.lag ?? 0));
  }

  /** Writes a table in a format of the engine, with times in Unix ms as times. @throws MarketDataError of the engine */
  async encode(symbol: InstrumentId, columns: CandleColumns, format: 'ArrowStream'): Promise<Buffer> {
    checkUp(this.engine);
    return await this.engine.bytes(CANDLE_TABLE, format, { symbol, ...columns }, { maxMs: 10_000, readOnly: true });
  }
}

/** Numbers of a table, one array a column. */
export type CandleColumns = Readonly<Record<'time' | 'open' | 'high' | 'low' | 'close' | 'volume', readonly number[]>>;

function candlesOf(rows: Buffer): BaseCandle[] {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const candles: BaseCandle[] = [];
  for (let at = 0; at + ROW_BYTES <= rows.byteLength; at += ROW_BYTES) {
    const number = (place: number): number => view.getFloat64(at + 8 * place, true);
    candles.push({
      start: Number(view.getBigInt64(at, true)),
      open: number(1),
      high: number(2),
      low: number(3),
      close: number(4),
      volume: number(5),
      corrected: view.getUint8(at + 48) === 1,
    });
  }
  return candles;
}
