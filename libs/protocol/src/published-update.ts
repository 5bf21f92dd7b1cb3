import { Transform } from 'class-transformer';
import { IsNumber, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import type { ErrorCode, RejectReason } from '#domain';

/** Updates one message on `market-data:updates` may hold. */
export const MAX_UPDATES_PER_MESSAGE = 500;

/** 2000-01-01: a time before it is in seconds, or none. */
const FIRST_TIME = 946_684_800_000;

const OptionalNumber = (): PropertyDecorator => (target, property) => {
  IsOptional()(target, property as string);
  const rule = { allowNaN: false, allowInfinity: false };
  IsNumber(rule, { message: '$property must be a number' })(target, property as string);
};

/** What an outside program publishes of one symbol: only what it knows. Prices in the instrument's currency, sizes in its units. */
export class PublishedUpdate {
  @IsString()
  @MaxLength(64)
  symbol!: string;

  @OptionalNumber() price?: number;
  /** Traded today, cumulative. */
  @OptionalNumber() volume?: number;
  @OptionalNumber() bid?: number;
  @OptionalNumber() ask?: number;
  @OptionalNumber() bidSize?: number;
  @OptionalNumber() askSize?: number;
  @OptionalNumber() lastSize?: number;
  @OptionalNumber() open?: number;
  @OptionalNumber() high?: number;
  @OptionalNumber() low?: number;
  @OptionalNumber() previousClose?: number;
  @OptionalNumber() openInterest?: number;
  @OptionalNumber() averagePrice?: number;

  /** Event time: ISO 8601 with a zone, or epoch ms; kept as epoch ms. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? timeOf(value) : value))
  @IsNumber({ allowNaN: false }, { message: 'timestamp must be ISO 8601 with a zone, or epoch ms' })
  @Min(FIRST_TIME, { message: 'timestamp must be in milliseconds' })
  timestamp?: number;

  /** Name of the publisher. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  source?: string;

  /** Repeated in an error about this update. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  id?: string;
}

/** What goes wrong with an outside message, on `market-data:errors`. */
export interface OutsideError {
  /** `UPDATE_REFUSED`: it was readable, and validation does not believe it. */
  readonly code: ErrorCode | 'UPDATE_REFUSED';
  readonly message: string;
  /** Why validation refused it. */
  readonly reason?: RejectReason;
  readonly channel: string;
  /** Beginning of the message, at most 200 characters. */
  readonly sample: string;
  readonly id?: string;
  readonly source?: string;
  /** Errors before this one that were counted only, because there were too many. */
  readonly unreported?: number;
  /** Epoch ms. */
  readonly timestamp: number;
}

const ZONED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/;

function timeOf(text: string): number {
  return ZONED_TIME.test(text) ? Date.parse(text) : NaN;
}

const NUMBERS: ReadonlySet<string> = new Set([
  'price',
  'volume',
  'bid',
  'ask',
  'bidSize',
  'askSize',
  'lastSize',
  'open',
  'high',
  'low',
  'previousClose',
  'openInterest',
  'averagePrice',
]);
const NAMES: ReadonlySet<string> = new Set(['symbol', 'source', 'id']);

/**
 * Reads an update as `parseMessage` does, at a twentieth of the cost. Undefined for whatever is wrong or unusual: that is for
 * `parseMessage` to decide, and to put into words.
 */
export function plainUpdate(given: unknown): PublishedUpdate | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const update: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === null) continue;
    if (typeof value === 'object' || name === 'constructor') return undefined;
    if (NUMBERS.has(name)) {
      if (!Number.isFinite(value)) return undefined;
    } else if (NAMES.has(name)) {
      if (typeof value !== 'string' || value.length > 64) return undefined;
    } else if (name === 'timestamp') {
      const time: unknown = typeof value === 'string' ? timeOf(value) : value;
      if (!Number.isFinite(time) || (time as number) < FIRST_TIME) return undefined;
      update[name] = time;
      continue;
    } else continue;
    update[name] = value;
  }
  return typeof update['symbol'] === 'string' ? (update as unknown as PublishedUpdate) : undefined;
}
