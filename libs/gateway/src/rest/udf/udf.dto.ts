import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import type { HistoryInterval } from '#candles';
import { CommaList } from '../comma-list.js';

/** The chart's names for lengths of candles; `D` is an older name of `1D`. */
export const RESOLUTIONS: Readonly<Record<string, HistoryInterval>> = {
  '1S': '1s',
  '5S': '5s',
  '1': '1m',
  '5': '5m',
  '15': '15m',
  '60': '1h',
  '1D': '1d',
  D: '1d',
};

/** Bars of one answer. */
export const MAX_BARS = 20_000;
const MAX_QUOTES = 100;
/** Seconds in which times still are times. */
const LATEST = 4_102_444_800;

export class UdfSymbolQuery {
  @IsString()
  @MaxLength(64)
  symbol!: string;
}

export class UdfGroupQuery {
  @IsString()
  @MaxLength(10)
  group!: string;
}

export class UdfSearchQuery {
  @IsOptional()
  @IsString()
  @MaxLength(64)
  query: string = '';

  @IsOptional()
  @IsString()
  @MaxLength(20)
  type: string = '';

  @IsOptional()
  @IsString()
  @MaxLength(10)
  exchange: string = '';

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit: number = 30;
}

export class UdfHistoryQuery extends UdfSymbolQuery {
  @IsIn(Object.keys(RESOLUTIONS))
  resolution!: string;

  /** Unix seconds; not looked at when `countback` is given. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(-LATEST)
  @Max(LATEST)
  from: number = 0;

  /** Unix seconds, not included. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(LATEST)
  to!: number;

  /** Bars before `to`. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_BARS)
  countback?: number;
}

export class UdfQuotesQuery {
  @CommaList()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_QUOTES)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols!: string[];
}
