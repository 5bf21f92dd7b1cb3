import { createHash } from 'node:crypto';
import { type EpochMs, InvalidMessageError, type InstrumentId } from '#domain';
import { checkUp, type EngineReader } from './engine-reader.js';
import type { QueryLimits } from './history-engine.js';
import { TICK_KEYS, TICK_ROWS, tickTable } from './tick-sql.js';

const LIMITS: QueryLimits = { maxMs: 10_000, readOnly: true };

/** Which ticks somebody wants. */
export interface TickRequest {
  readonly symbol: InstrumentId;
  readonly from: EpochMs;
  /** Not included. */
  readonly to: EpochMs;
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One tick as it was written down; what the vendor did not tell is absent. */
export interface HistoryTick {
  /** When it happened, or came where the vendor does not say; ISO 8601 UTC. */
  readonly time: string;
  readonly received: string;
  readonly source: string;
  readonly price?: number;
  readonly size?: number;
  /** Count of the day. */
  readonly volume?: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly bidSize?: number;
  readonly askSize?: number;
  readonly openInterest?: number;
  /** Present, and true, when newer ones had come before. */
  readonly late?: true;
}

export interface TickPage {
  /** Oldest first. */
  readonly ticks: HistoryTick[];
  /** For the next page; undefined when this is the last. */
  readonly cursor: string | undefined;
}

/** Formats of the engine for tables of ticks. */
export type TickTableFormat = 'CSVWithNames' | 'ArrowStream';

export interface TickTable {
  readonly bytes: Buffer;
  /** For the next page; undefined when this is the last. */
  readonly cursor: string | undefined;
}

type TickRow = Readonly<Record<string, number | string | null>>;

/** Where a page begins: behind `skip` ticks of one time and arrival. */
interface Position {
  readonly at: EpochMs;
  readonly received: EpochMs;
  readonly skip: number;
}

/** Ticks as they were written down. */
export class TickRepository {
  /** @param settle writes down what is still on its way */
  constructor(
    private readonly engine: EngineReader,
    private readonly settle: () => Promise<void>,
  ) {}

  /** @throws MarketDataError `INVALID_MESSAGE` when the cursor is none of ours, and those of the engine */
  async ticks(request: TickRequest): Promise<TickPage> {
    const start = positionOf(request);
    checkUp(this.engine);
    await this.settle();
    const params = { ...paramsOf(request, start), limit: request.limit + 1 };
    const rows = await this.engine.rows<TickRow>(TICK_ROWS, params, limitsOf(request));
    const page = rows.slice(0, request.limit);
    return {
      ticks: page.map(tickOf),
      cursor: rows.length > page.length ? cursorBehind(request.symbol, page, start) : undefined,
    };
  }

  /** The same page as a table in a format of the engine. @throws MarketDataError as `ticks` */
  async table(request: TickRequest, format: TickTableFormat): Promise<TickTable> {
    const start = positionOf(request);
    checkUp(this.engine);
    await this.settle();
    const params = paramsOf(request, start);
    const keys = await this.engine.rows<TickRow>(TICK_KEYS, { ...params, limit: request.limit + 1 }, limitsOf(request));
    const page = keys.slice(0, request.limit);
    const limit = page.length;
    const bytes = await this.engine.bytes(tickTable(format), format, { ...params, limit }, limitsOf(request));
    return {
      bytes: format === 'CSVWithNames' ? withoutMarks(bytes) : bytes,
      cursor: keys.length > limit ? cursorBehind(request.symbol, page, start) : undefined,
    };
  }
}

/** CSV in which what is not known is empty: a reading query may not choose how the engine writes it. */
function withoutMarks(csv: Buffer): Buffer {
  return Buffer.from(csv.toString().replaceAll(/,\\N(?=[,\r\n])/g, ','));
}

function limitsOf({ signal }: TickRequest): QueryLimits {
  return signal === undefined ? LIMITS : { ...LIMITS, signal };
}

function paramsOf({ symbol, to }: TickRequest, { at, received, skip }: Position): Record<string, string | number> {
  return { symbol, to, at, received, skip };
}

function positionOf({ symbol, from, cursor }: TickRequest): Position {
  if (cursor === undefined) return { at: from, received: 0, skip: 0 };
  const [mark, ...numbers] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  const parts = numbers.map(Number);
  const [at = NaN, received = NaN, skip = NaN] = parts;
  const isWhole = parts.length === 3 && parts.every((part) => Number.isSafeInteger(part) && part >= 0);
  if (mark !== markOf(symbol) || !isWhole)
    throw new InvalidMessageError('cursor must be the one of the page before, of the same symbol');
  return { at: Math.max(at, from), received, skip };
}

function cursorBehind(
  symbol: InstrumentId,
  page: readonly TickRow[],
  { at: fromAt, received: fromReceived, skip }: Position,
): string {
  const { at, came } = page.at(-1) as TickRow;
  const isSame = (row: TickRow): boolean => row['at'] === at && row['came'] === came;
  const before = Number(at) === fromAt && Number(came) === fromReceived ? skip : 0;
  const position = `${at}.${came}.${before + page.filter(isSame).length}`;
  return Buffer.from(`${markOf(symbol)}.${position}`).toString('base64url');
}

/** Enough of a digest to notice a cursor of another symbol. */
function markOf(symbol: InstrumentId): string {
  return createHash('sha1').update(symbol).digest('base64url').slice(0, 8);
}

function tickOf(row: TickRow): HistoryTick {
  const { at, came, late, source, ...numbers } = row;
  const known = Object.entries(numbers).filter(([, value]) => value !== null && Number.isFinite(Number(value)));
  return {
    time: new Date(Number(at)).toISOString(),
    received: new Date(Number(came)).toISOString(),
    source: String(source),
    ...Object.fromEntries(known.map(([name, value]) => [name, Number(value)])),
    ...(Number(late) === 1 && { late: true }),
  };
}
