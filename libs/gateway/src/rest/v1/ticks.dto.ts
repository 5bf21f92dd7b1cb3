import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { HistoryTick } from '#history';
import { TimeRangeQuery } from './time-range.js';

const MAX_TICKS = 10_000;

export class TicksQuery extends TimeRangeQuery {
  @ApiProperty({ example: 'NSE:RELIANCE', maxLength: 64 })
  @IsString()
  @MaxLength(64)
  symbol!: string;

  @ApiPropertyOptional({ type: 'integer', default: 1000, minimum: 1, maximum: MAX_TICKS })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_TICKS)
  limit: number = 1000;

  @ApiPropertyOptional({ description: '`cursor` of the page before, with the same symbol and range', maxLength: 100 })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  cursor?: string;
}

export class TickAnswer implements HistoryTick {
  @ApiProperty({
    description: 'When it happened, or came where the vendor does not say; ISO 8601 UTC',
    example: '2026-11-20T03:45:00.125Z',
  })
  time!: string;
  @ApiProperty({ description: 'When it came', example: '2026-11-20T03:45:00.168Z' }) received!: string;
  @ApiProperty({ description: 'Vendor', example: 'upstox' }) source!: string;
  @ApiPropertyOptional({ example: 2931.5 }) price?: number;
  @ApiPropertyOptional({ description: 'Traded by it', example: 25 }) size?: number;
  @ApiPropertyOptional({ description: 'Count of the day', example: 184_250 }) volume?: number;
  @ApiPropertyOptional() bid?: number;
  @ApiPropertyOptional() ask?: number;
  @ApiPropertyOptional() bidSize?: number;
  @ApiPropertyOptional() askSize?: number;
  @ApiPropertyOptional() openInterest?: number;
  @ApiPropertyOptional({ type: Boolean, description: 'Present when newer ones had come before' }) late?: true;
}

export class TicksAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ type: [TickAnswer], description: 'Oldest first; what the vendor did not tell is absent' })
  ticks!: readonly TickAnswer[];
  @ApiPropertyOptional({ description: 'There are more: ask again with it' }) cursor?: string;
}
