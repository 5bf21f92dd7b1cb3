import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { CommaList } from '../comma-list.js';
import { QuotesQuery } from './quotes.dto.js';

/** What to stream: `subscribe` of the sockets as a query. */
export class StreamQuery extends QuotesQuery {
  @ApiPropertyOptional({ enum: ['quote', 'ltp', 'depth'], default: 'quote' })
  @IsOptional()
  @IsString()
  mode?: string;

  @ApiPropertyOptional({ description: 'Quote fields to send, comma-separated; all when absent', type: String })
  @IsOptional()
  @CommaList()
  @IsArray({ message: 'fields must be a comma-separated list' })
  @ArrayMinSize(1)
  @ArrayMaxSize(32)
  @IsString({ each: true })
  fields?: string[];

  @ApiPropertyOptional({
    enum: ['none', 'delta'],
    default: 'none',
    description: 'Whole quotes, or changed fields only',
  })
  @IsOptional()
  @IsIn(['none', 'delta'])
  compression?: string;

  @ApiPropertyOptional({ description: 'At most so many updates of a symbol a second', minimum: 0.01, maximum: 1000 })
  @IsOptional()
  @Type(() => Number)
  @IsNumber()
  @Min(0.01)
  @Max(1000)
  maxFrequency?: number;
}
