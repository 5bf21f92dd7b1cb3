import 'reflect-metadata';
import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
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

  /** `symbol` and `time`, and tick fields: a path, or `{path, scale}`. */
  @IsObject()
  map!: Record<string, unknown>;
}

/** How a vendor's JSON stream becomes ticks. No code in it: templates put values in as JSON. */
export class JsonMapping {
  @Matches(/^wss?:\/\//, { message: 'url must begin with wss:// or ws://' })
  url!: string;

  @IsOptional()
  @IsObject()
  headers: Record<string, string> = {};

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

  @ValidateNested()
  @Type(() => SymbolsMessage)
  @IsDefined()
  subscribe!: SymbolsMessage;

  @ValidateNested()
  @Type(() => SymbolsMessage)
  @IsDefined()
  unsubscribe!: SymbolsMessage;

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
  for (const [i, { map }] of (Array.isArray(mapping.rules) ? mapping.rules : []).entries()) {
    if (typeof map?.['symbol'] !== 'string') problems.push(`rules.${i}.map.symbol: must be a path`);
    for (const field of Object.keys(map ?? {})) {
      const isKnown = field === 'symbol' || field === 'time' || (NUMBER_FIELDS as readonly string[]).includes(field);
      if (!isKnown)
        problems.push(`rules.${i}.map.${field}: is no field of a tick; known are ${NUMBER_FIELDS.join(', ')}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${name}: ${problem}`));
  return mapping;
}

function places(error: ValidationError, above: string): string[] {
  const place = above + error.property;
  const own = Object.values(error.constraints ?? {}).map((text) => `${place}: ${text}`);
  return [...own, ...(error.children ?? []).flatMap((child) => places(child, `${place}.`))];
}
