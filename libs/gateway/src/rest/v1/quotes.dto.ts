import type { QuoteStatus } from '#protocol';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsString, MaxLength } from 'class-validator';
import type { ErrorCode, Quote } from '#domain';
import { ERROR_CODES } from '#domain';
import { CommaList } from '../comma-list.js';

/** Symbols one request may name. */
export const MAX_SYMBOLS_PER_REQUEST = 500;

export class QuotesQuery {
  @ApiProperty({
    description: `Comma-separated symbols, at most ${MAX_SYMBOLS_PER_REQUEST}`,
    example: 'NSE:RELIANCE,BSE:500325',
    type: String,
  })
  @CommaList()
  @IsArray({ message: 'symbols must be a comma-separated list' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SYMBOLS_PER_REQUEST)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols!: string[];
}

/** A list of symbols as a body. */
export class QuotesBatch {
  @ApiProperty({
    type: [String],
    minItems: 1,
    maxItems: MAX_SYMBOLS_PER_REQUEST,
    example: ['NSE:RELIANCE', 'BSE:500325'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SYMBOLS_PER_REQUEST)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols!: string[];
}

/** A quote as REST gives it: the quote, which layer answered, and how old the value is. */
export class QuoteAnswer implements Quote {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ example: 'Reliance Industries Limited' }) companyName!: string;
  @ApiPropertyOptional({ example: 2931.5 }) price?: number;
  @ApiPropertyOptional() change?: number;
  @ApiPropertyOptional() changePercent?: number;
  @ApiPropertyOptional() volume?: number;
  @ApiPropertyOptional() open?: number;
  @ApiPropertyOptional() high?: number;
  @ApiPropertyOptional() low?: number;
  @ApiPropertyOptional() previousClose?: number;
  @ApiPropertyOptional() bid?: number;
  @ApiPropertyOptional() ask?: number;
  @ApiPropertyOptional() bidSize?: number;
  @ApiPropertyOptional() askSize?: number;
  @ApiPropertyOptional() lastSize?: number;
  @ApiPropertyOptional() averagePrice?: number;
  @ApiPropertyOptional() openInterest?: number;
  @ApiPropertyOptional({ description: 'Exchange event time, ISO 8601 UTC', example: '2026-11-20T09:15:00.123Z' })
  timestamp?: string;
  @ApiProperty({ description: 'Vendor the value came from' }) source!: string;
  @ApiProperty({ description: 'True when no vendor confirms the value any more' }) stale!: boolean;
  @ApiProperty({ description: 'Milliseconds since a vendor last confirmed the value' }) age!: number;
  @ApiProperty({
    enum: ['l1', 'l2', 'l3', 'l4'],
    description: 'Memory, shared cache, vendor asked now, last known value',
  })
  layer!: 'l1' | 'l2' | 'l3' | 'l4';
  @ApiProperty({ enum: ['live', 'delayed', 'stale', 'halted', 'closed'] })
  status!: QuoteStatus;
}

export class SymbolError {
  @ApiProperty() symbol!: string;
  @ApiProperty({ enum: Object.keys(ERROR_CODES) }) code!: ErrorCode;
  @ApiProperty() message!: string;
}

export class QuotesAnswer {
  @ApiProperty({ type: [QuoteAnswer] }) quotes!: QuoteAnswer[];
  @ApiProperty({ type: [SymbolError] }) errors!: SymbolError[];
}
