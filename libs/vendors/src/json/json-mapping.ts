import 'reflect-metadata';
import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateNested,
  type ValidationError,
  validateSync,
} from 'class-validator';
import { ConfigError } from '#domain';

type Scalar = string | number | boolean | null;

/** Holds when the value at `path` is the one given, or one of those given; with neither, when there is one. */
export class Condition {
  @IsString()
  path!: string;

  @IsOptional()
  equals?: Scalar;

  @IsOptional()
  @IsArray()
  in?: Scalar[];
}

export class Cooldown extends Condition {
  @IsInt()
  @Min(1000)
  ms!: number;
}

export class Ready {
  @ValidateNested()
  @Type(() => Condition)
  @IsDefined()
  when!: Condition;
}

export class SymbolsMessage {
  /** Any JSON; the text `"${symbols}"` in it becomes the list, or the joined text. */
  @IsDefined()
  template!: unknown;

  /** One symbol in the message; `${vendorSymbol}` is the instrument's. */
  @IsOptional()
  @IsString()
  symbol = '${vendorSymbol}';

  /** Joins the symbols to one text; a JSON array without it. */
  @IsOptional()
  @IsString()
  join?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  maxPerMessage = 500;
}

export class Heartbeat {
  @IsInt()
  @Min(1000)
  everyMs!: number;

  @IsDefined()
  body!: unknown;
}

export const TIME_UNITS = ['s', 'ms', 'us', 'ns', 'auto', 'iso'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** Fields of a tick that a rule may fill, beside symbol and time. */
export const NUMBER_FIELDS = [
  'price',
  'volume',
  'bid',
  'ask',
  'bidSize',
  'askSize',
  'lastSize',
  'averagePrice',
  'open',
  'high',
  'low',
  'previousClose',
  'openInterest',
  'lowerCircuit',
  'upperCircuit',
] as const;
const OTHER_FIELDS = ['symbol', 'time', 'halted'] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];

export class FieldSource {
  @IsString()
  path!: string;

  /** The vendor's number times this is ours: 0.01 for paise, 100000 for lakh. */
  @IsOptional()
  @IsNumber()
  scale = 1;
}

export class Rule {
  /** Where the records are: `$` for the frame itself, or a path to a list. */
  @IsOptional()
  @IsString()
  each = '$';

  @IsOptional()
  @ValidateNested()
  @Type(() => Condition)
  when?: Condition;

  /**
   * `symbol`, `time` and `halted` (true or false), and tick fields: a path, or `{path, scale}`. Without `symbol` the record is about what was asked for, which is
   * possible only where every call asks for one symbol and nothing streams.
   */
  @IsObject()
  map!: Record<string, unknown>;
}

/** Quotes on request. The answer is a frame like those of the stream, read by the same rules. */
export class HttpPart {
  /** `{symbol}` or `{symbols}` in it is what is asked for, each symbol encoded as a part of a URL; `${symbol}` is the same. */
  @Matches(/^https?:\/\//, { message: 'url must begin with https:// or http://' })
  url!: string;

  @IsOptional()
  @IsIn(['GET'])
  method = 'GET';

  @IsOptional()
  @IsObject()
  headers: Record<string, string> = {};

  /** One symbol in the URL; `${vendorSymbol}` is the instrument's. */
  @IsOptional()
  @IsString()
  symbol = '${vendorSymbol}';

  /** Stands between the symbols as it is. */
  @IsOptional()
  @IsString()
  join = ',';

  /** Symbols in one call. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  perCall = 1;

  /** Calls under way at one time. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(20)
  concurrency = 2;

  @IsOptional()
  @IsNumber()
  @Min(0.001)
  requestsPerSecond = 1;

  /** Calls that may come at once after a pause. */
  @IsOptional()
  @IsInt()
  @Min(1)
  burst = 1;

  @IsOptional()
  @IsInt()
  @Min(100)
  timeoutMs = 5000;
}

/** How a vendor's JSON, streamed, asked for, or both, becomes ticks. No code in it: templates put values in as JSON. */
export class JsonMapping {
  /** Of the stream; absent where there is only `http`. */
  @IsOptional()
  @Matches(/^wss?:\/\//, { message: 'url must begin with wss:// or ws://' })
  url?: string;

  @IsOptional()
  @IsObject()
  headers: Record<string, string> = {};

  @IsOptional()
  @ValidateNested()
  @Type(() => HttpPart)
  http?: HttpPart;

  /** Exchanges whose instruments the vendor has. */
  @IsArray()
  @ArrayMinSize(1)
  @IsString({ each: true })
  exchanges!: string[];

  /** The vendor's name of an instrument, from `${id}`, `${exchange}`, `${code}`, `${ticker}`, `${isin}`, `${bseCode}`. */
  @IsOptional()
  @IsString()
  vendorSymbol = '${id}';

  @IsOptional()
  @IsArray()
  onOpen: unknown[] = [];

  @IsOptional()
  @ValidateNested()
  @Type(() => Ready)
  ready?: Ready;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Condition)
  fatal: Condition[] = [];

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Cooldown)
  cooldown: Cooldown[] = [];

  /** Needed with a `url`, as is `unsubscribe`. */
  @IsOptional()
  @ValidateNested()
  @Type(() => SymbolsMessage)
  subscribe?: SymbolsMessage;

  @IsOptional()
  @ValidateNested()
  @Type(() => SymbolsMessage)
  unsubscribe?: SymbolsMessage;

  @IsOptional()
  @IsInt()
  @Min(0)
  messageGapMs = 0;

  @IsOptional()
  @ValidateNested()
  @Type(() => Heartbeat)
  heartbeat?: Heartbeat;

  @IsOptional()
  @IsInt()
  @Min(100)
  deadAfterMs = 15_000;

  @IsOptional()
  @IsInt()
  @Min(1)
  maxSockets = 1;

  @IsOptional()
  @IsInt()
  @Min(1)
  symbolsPerSocket = 100_000;

  @ValidateNested({ each: true })
  @Type(() => Rule)
  @ArrayMinSize(1)
  rules!: Rule[];
}

/** @throws ConfigError naming the place of each mistake: `rules.0.map` */
export function readMapping(value: unknown, name: string): JsonMapping {
  if (typeof value !== 'object' || value === null) throw new ConfigError([`${name}: a mapping is a JSON object`]);
  const mapping = plainToInstance(JsonMapping, value);
  const problems = validateSync(mapping, { whitelist: true, forbidNonWhitelisted: true }).flatMap((error) =>
    places(error, ''),
  );
  if (problems.length === 0) problems.push(...contradictions(mapping));
  for (const [i, { map }] of (Array.isArray(mapping.rules) ? mapping.rules : []).entries()) {
    const isKnownBeforehand = map?.['symbol'] === undefined && asksOneByOne(mapping);
    if (typeof map?.['symbol'] !== 'string' && !isKnownBeforehand)
      problems.push(`rules.${i}.map.symbol: must be a path`);
    for (const field of Object.keys(map ?? {})) {
      const isKnown = [...OTHER_FIELDS, ...NUMBER_FIELDS].some((known) => known === field);
      if (!isKnown)
        problems.push(
          `rules.${i}.map.${field}: is no field of a tick; known are ${[...OTHER_FIELDS, ...NUMBER_FIELDS].join(', ')}`,
        );
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${name}: ${problem}`));
  return mapping;
}

/** Where a symbol stands in the URL of a call; a shell or a compose file would take the dollar for its own, so it may be left out. */
export const SYMBOL_PLACE = /\$?\{(symbols?)\}/g;

/** The parts of a mapping that a stream needs. */
export type StreamMapping = JsonMapping & Required<Pick<JsonMapping, 'url' | 'subscribe' | 'unsubscribe'>>;

/** Whether a mapping describes a stream. */
export function isStream(mapping: JsonMapping): mapping is StreamMapping {
  return mapping.url !== undefined;
}

/** What is right by itself and wrong together. */
function contradictions({ url, http, subscribe, unsubscribe }: JsonMapping): string[] {
  const problems: string[] = [];
  if (url === undefined && http === undefined) problems.push('url: a mapping needs a url, an http part, or both');
  if (url !== undefined && subscribe === undefined) problems.push('subscribe: a stream needs it');
  if (url !== undefined && unsubscribe === undefined) problems.push('unsubscribe: a stream needs it');
  if (http === undefined) return problems;
  const named = new Set([...http.url.matchAll(SYMBOL_PLACE)].map(([, name]) => name));
  if (named.size === 0) problems.push('http.url: must have {symbol} or {symbols} in it');
  if (named.has('symbol') && http.perCall > 1)
    problems.push('http.perCall: {symbol} is one; use {symbols} to ask for several');
  return problems;
}

/** Whether every answer is about one symbol, that of the call, so that it need not say which. */
function asksOneByOne({ url, http }: JsonMapping): boolean {
  return url === undefined && http?.perCall === 1;
}

function places(error: ValidationError, above: string): string[] {
  const place = above + error.property;
  const own = Object.values(error.constraints ?? {}).map((text) => `${place}: ${text}`);
  return [...own, ...(error.children ?? []).flatMap((child) => places(child, `${place}.`))];
}
