import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { Layer } from '#cache';
import type { QuoteStatus } from '#protocol';
import { CommaList } from '../comma-list.js';
import { MAX_SYMBOLS_PER_REQUEST } from '../v1/quotes.dto.js';
import { Envelope, PageQuery } from './envelope.dto.js';
import { DECIMAL } from './decimal.js';

export class QuotesQueryV2 extends PageQuery {
  @ApiPropertyOptional({
    description: `Comma-separated symbols, at most ${MAX_SYMBOLS_PER_REQUEST}; or say an index or an exchange`,
    example: 'NSE:RELIANCE,BSE:500325',
    type: String,
  })
  @IsOptional()
  @CommaList()
  @IsArray({ message: 'symbols must be a comma-separated list' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SYMBOLS_PER_REQUEST)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols?: string[];

  @ApiPropertyOptional({ description: 'All members of this index', example: 'NIFTY50', maxLength: 64 })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  index?: string;

  @ApiPropertyOptional({ description: 'All of this exchange', pattern: '^[A-Za-z0-9]{1,10}$' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9]{1,10}$/)
  exchange?: string;
}

/** Where a group of values comes from. */
class Provenance {
  @ApiProperty({ description: 'Vendor', example: 'bse' }) source!: string;
}

export class PriceGroup extends Provenance {
  @ApiPropertyOptional({ ...DECIMAL, description: "Decimal, exact to the instrument's decimals" }) last?: string;
  @ApiPropertyOptional({ ...DECIMAL, example: '-3.80' }) change?: string;
  @ApiPropertyOptional({ ...DECIMAL, example: '-0.25' }) changePercent?: string;
  @ApiPropertyOptional({ description: 'Size of the last trade' }) size?: number;
  @ApiPropertyOptional({ format: 'date-time', description: "Exchange's time of the newest event" }) time?: string;
  @ApiPropertyOptional({ format: 'date-time', description: 'When the vendor last said the price' }) received?: string;
}

export class BookGroup extends Provenance {
  @ApiPropertyOptional(DECIMAL) bid?: string;
  @ApiPropertyOptional(DECIMAL) ask?: string;
  @ApiPropertyOptional() bidSize?: number;
  @ApiPropertyOptional() askSize?: number;
  @ApiPropertyOptional({ format: 'date-time', description: "Exchange's time of the newest event" }) time?: string;
}

export class DayGroup extends Provenance {
  @ApiPropertyOptional(DECIMAL) open?: string;
  @ApiPropertyOptional(DECIMAL) high?: string;
  @ApiPropertyOptional(DECIMAL) low?: string;
  @ApiPropertyOptional(DECIMAL) previousClose?: string;
  @ApiPropertyOptional(DECIMAL) averagePrice?: string;
  @ApiPropertyOptional() volume?: number;
  @ApiPropertyOptional() openInterest?: number;
  @ApiPropertyOptional({ format: 'date', description: "Trading day, by the exchange's clock, of the volume" })
  date?: string;
}

export class QuoteV2 {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ example: 'Reliance Industries Limited' }) companyName!: string;
  @ApiProperty({ example: 'INR' }) currency!: string;
  @ApiProperty({ type: PriceGroup }) price!: PriceGroup;
  @ApiProperty({ type: BookGroup }) book!: BookGroup;
  @ApiProperty({ type: DayGroup }) day!: DayGroup;
  @ApiProperty({ enum: ['live', 'delayed', 'stale', 'halted', 'closed'] }) status!: QuoteStatus;
  @ApiProperty({ enum: ['l1', 'l2', 'l3', 'l4'], description: 'Memory, shared cache, vendor asked now, last known' })
  layer!: Layer;
  @ApiProperty({ description: 'Milliseconds since a vendor last confirmed the value' }) ageMs!: number;
}

export class QuotesAnswerV2 extends Envelope {
  @ApiProperty({ type: [QuoteV2] }) data!: readonly QuoteV2[];
}

export class QuoteAnswerV2 extends Envelope {
  @ApiProperty({ type: QuoteV2 }) data!: QuoteV2;
}
