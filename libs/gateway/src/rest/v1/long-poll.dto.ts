import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, Max, Min } from 'class-validator';
import { QuotesQuery } from './quotes.dto.js';

/** Longest time a request may be held back, seconds; proxies commonly give up after 60. */
const MAX_WAIT_SECONDS = 30;

export class LongPollQuery extends QuotesQuery {
  @ApiPropertyOptional({
    description: 'With If-None-Match: seconds to wait for a change before the answer is 304',
    default: 0,
    maximum: MAX_WAIT_SECONDS,
  })
  @IsOptional()
  @Type(() => Number)
  @IsNumber()
  @Min(0)
  @Max(MAX_WAIT_SECONDS)
  wait: number = 0;
}
