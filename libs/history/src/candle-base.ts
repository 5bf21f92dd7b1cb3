import type { BaseCandle } from '#candles';
import type { EpochMs, InstrumentId } from '#domain';
import { CANDLE_TABLE, EARLIEST_TRADE, LAST_PRICE, MINUTES, SECONDS } from './candle-sql.js';
import { checkUp, type EngineReader } from './engine-reader.js';
import type { QueryLimits } from './history-engine.js';

/** What one question for candles may take. */
const LIMITS: QueryLimits = { maxMs: 10_000, maxRows: 2_000_000, readOnly: true };

type BaseRow = readonly [
  start: number | string,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  corrected: number,
];

/** Which candles of a second or a minute somebody wants. */
export interface BaseQuery {
  readonly symbol: InstrumentId;
  readonly from: EpochMs;
  /** Not included. */
  readonly to: EpochMs;
  /** Length of the candles, ms. */
  readonly step: 1000 | 60_000;
  /** Aborts when whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Candles of whole seconds and minutes. */
export class CandleBase {
  constructor(private readonly engine: EngineReader) {}

  /** Oldest first; none where nothing was traded. @throws MarketDataError of the engine */
  async candles({ signal, step, ...query }: BaseQuery): Promise<BaseCandle[]> {
    checkUp(this.engine);
    const limits = signal === undefined ? LIMITS : { ...LIMITS, signal };
    // rows as arrays, without the names of their columns: there may be very many
    const sql = step === 1000 ? SECONDS : MINUTES;
    const bytes = await this.engine.bytes(sql, 'JSONCompactEachRow', query, limits);
    return bytes.toString().split('\n').filter(Boolean).map(baseCandle);
  }

  /** When a symbol's first trade was; undefined when there is none. @throws MarketDataError of the engine */
  async earliest(symbol: InstrumentId): Promise<EpochMs | undefined> {
    checkUp(this.engine);
    const [row] = await this.engine.rows<{ at: number | string | null }>(EARLIEST_TRADE, { symbol }, LIMITS);
    return row?.at === null || row === undefined ? undefined : Number(row.at);
  }

  /** Price of a symbol's last trade before a time; undefined when there is none. @throws MarketDataError of the engine */
  async priceBefore(symbol: InstrumentId, before: EpochMs): Promise<number | undefined> {
    const [row] = await this.engine.rows<{ price: number }>(LAST_PRICE, { symbol, before }, LIMITS);
    return row?.price;
  }

  /** Writes a table in a format of the engine, with times in Unix ms as times. @throws MarketDataError of the engine */
  async encode(symbol: InstrumentId, columns: CandleColumns, format: 'ArrowStream'): Promise<Buffer> {
    checkUp(this.engine);
    return await this.engine.bytes(CANDLE_TABLE, format, { symbol, ...columns }, { maxMs: 10_000, readOnly: true });
  }
}

/** Numbers of a table, one array a column. */
export type CandleColumns = Readonly<Record<'time' | 'open' | 'high' | 'low' | 'close' | 'volume', readonly number[]>>;

function baseCandle(line: string): BaseCandle {
  const [start, open, high, low, close, volume, corrected] = JSON.parse(line) as BaseRow;
  return { start: Number(start), open, high, low, close, volume: Number(volume), corrected: corrected === 1 };
}
