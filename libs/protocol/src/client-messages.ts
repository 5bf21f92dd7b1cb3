import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { CANDLE_INTERVALS, type CandleInterval } from '#domain';
import { MAX_CREDENTIAL_LENGTH, MAX_SYMBOLS_PER_MESSAGE } from './symbol-limits.js';

/** Where a returning client was: the epoch it knew, and the last sequence of each symbol. */
export class ResumePosition {
  @IsString()
  @MaxLength(64)
  epoch!: string;

  /** Symbol to last sequence seen. */
  @IsObject()
  sequences!: Record<string, unknown>;
}

export class SubscribeMessage {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SYMBOLS_PER_MESSAGE)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols!: string[];

  @IsOptional()
  @IsIn(['ltp', 'quote', 'depth'])
  mode: 'ltp' | 'quote' | 'depth' = 'quote';

  @IsOptional()
  @IsIn(['none', 'delta'])
  compression: 'none' | 'delta' = 'none';

  @IsOptional()
  @IsBoolean()
  batch: boolean = false;

  /** Quote fields to send; all when absent. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(32)
  @IsString({ each: true })
  fields?: string[];

  /** At most this many updates of one symbol a second. */
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(1000)
  maxFrequency?: number;

  /** Intervals of candles to send beside quotes; none when absent. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(Object.keys(CANDLE_INTERVALS), { each: true })
  candles?: CandleInterval[];

  /** Send every tick beside the quote, none merged with another; for tiers that may. */
  @IsOptional()
  @IsBoolean()
  unconflated?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => ResumePosition)
  resume?: ResumePosition;
}

export class UnsubscribeMessage {
  /** All when absent. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SYMBOLS_PER_MESSAGE)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols?: string[];
}

/** A credential for a connection that is open: exactly one of the two. */
export class AuthenticateMessage {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CREDENTIAL_LENGTH)
  token?: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_CREDENTIAL_LENGTH)
  apiKey?: string;
}

export class PingMessage {
  @IsOptional()
  @IsNumber()
  timestamp?: number;
}
