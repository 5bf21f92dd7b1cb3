import {
  Equals,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmptyObject,
  IsString,
  MaxLength,
  Min,
  ValidateBy,
  validateSync,
} from 'class-validator';
import { crc32 } from 'node:zlib';
import { ERROR_CODES, type ErrorCode, type InstrumentId, type Quote, QUOTE_FIELDS } from '#domain';

/** A quote as the caches keep it. */
export interface CachedQuote {
  readonly kind: 'quote';
  readonly quote: Quote;
  /** When a vendor confirmed it. */
  readonly at: number;
  readonly halted: boolean;
}

/** That there was no quote. */
export interface CachedFailure {
  readonly kind: 'failure';
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: number;
}

export type CachedAnswer = CachedQuote | CachedFailure;

/** Why an entry of the shared cache is not used: no JSON of ours, written by another version, damaged, or not a quote. */
export type CorruptReason = 'unreadable' | 'version' | 'checksum' | 'shape';

/** An answer as it is stored: `v` and `sum` first, then what it says. */
export type Sealed<T extends CachedAnswer = CachedAnswer> = T & { readonly v: number; readonly sum: number };

/** Version of what is stored; entries of another one are fetched again. */
const VERSION = 1;

/** Adds version and checksum. */
export function seal<T extends CachedAnswer>(answer: T): Sealed<T> {
  return { v: VERSION, sum: crc32(JSON.stringify(answer)), ...answer };
}

/** The text Redis keeps of an answer: `{"value":{"v":1,"sum":...,"kind":"quote",...},"expires":...}`. */
export function sealedText(answer: CachedAnswer, expires: number): string {
  const content = JSON.stringify(answer);
  return `{"value":{"v":${VERSION},"sum":${crc32(content)},${content.slice(1)},"expires":${expires}}`;
}

/** Reads what Redis keeps under an instrument's key. Nothing in it is believed before it has been checked. */
export function unseal(text: string, id: InstrumentId): CachedAnswer | CorruptReason {
  const value = valueOf(text);
  if (value === undefined) return 'unreadable';
  try {
    return contentOf(value, id);
  } catch {
    // what is nested some thousand levels deep can be read as JSON, but not written
    return 'unreadable';
  }
}

function contentOf({ v, sum, ...content }: Record<string, unknown>, id: InstrumentId): CachedAnswer | CorruptReason {
  if (v !== VERSION) return 'version';
  if (crc32(JSON.stringify(content)) !== sum) return 'checksum';
  const answer = Object.assign(content['kind'] === 'failure' ? new FailureShape() : new QuoteShape(), content);
  if (validateSync(answer, { forbidUnknownValues: false }).length > 0) return 'shape';
  if (answer.kind === 'quote' && answer.quote.symbol !== id) return 'shape';
  return content as unknown as CachedAnswer;
}

function valueOf(text: string): Record<string, unknown> | undefined {
  try {
    const envelope = JSON.parse(text) as { value?: unknown } | null;
    const value = envelope?.value;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

class QuoteShape implements CachedQuote {
  @Equals('quote')
  kind!: 'quote';

  @IsInt()
  @Min(1)
  at!: number;

  @IsBoolean()
  halted!: boolean;

  @IsNotEmptyObject()
  @ValidateBy({ name: 'isQuote', validator: { validate: isQuote } })
  quote!: Quote;
}

class FailureShape implements CachedFailure {
  @Equals('failure')
  kind!: 'failure';

  @IsInt()
  @Min(1)
  at!: number;

  @IsIn(Object.keys(ERROR_CODES))
  code!: ErrorCode;

  @IsString()
  @MaxLength(1000)
  message!: string;
}

/** One rule for the whole quote: a rule for each of its twenty fields would be ten times the work of every read. */
function isQuote(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const quote = value as Record<string, unknown>;
  const { symbol, companyName, source, stale, timestamp } = quote;
  if (typeof symbol !== 'string' || typeof companyName !== 'string' || typeof source !== 'string') return false;
  if (typeof stale !== 'boolean') return false;
  if (timestamp !== undefined && (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp)))) return false;
  return QUOTE_FIELDS.every(
    ({ name, kind }) =>
      kind === 'time' || kind === 'flag' || quote[name] === undefined || Number.isFinite(quote[name] as number),
  );
}
