import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { type CountedHours, HISTORY_INTERVALS, type HistoryInterval } from '#candles';
import type { HistoryCandle } from '#history';
import { TimeRangeQuery } from './time-range.js';

const INTERVALS = Object.keys(HISTORY_INTERVALS);
/** Candles one request may ask for. */
export const MAX_CANDLES = 5000;
/** Of a request that names a beginning or a day, and of one that does not. */
const [DEFAULT_IN_RANGE, DEFAULT_NEWEST] = [1000, 60];

export class CandlesQuery extends TimeRangeQuery {
  @ApiProperty({ example: 'NSE:RELIANCE', maxLength: 64 })
  @IsString()
  @MaxLength(64)
  symbol!: string;

  @ApiProperty({ enum: INTERVALS, example: '5m' })
  @IsIn(INTERVALS)
  interval!: HistoryInterval;

  @ApiPropertyOptional({
    type: 'integer',
    description: `Candles at most; ${DEFAULT_IN_RANGE} when absent, and ${DEFAULT_NEWEST} without \`from\` and \`date\``,
    minimum: 1,
    maximum: MAX_CANDLES,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_CANDLES)
  limit?: number;

  @ApiPropertyOptional({
    enum: ['none', 'previous'],
    default: 'none',
    description: '`previous` gives an interval without a trade a flat candle at the close before, with `filled: true`',
  })
  @IsOptional()
  @IsIn(['none', 'previous'])
  fill: 'none' | 'previous' = 'none';

  @ApiPropertyOptional({
    enum: ['regular', 'all'],
    default: 'regular',
    description: '`all` has the trades outside trading hours too, in candles with `outside: true`',
  })
  @IsOptional()
  @IsIn(['regular', 'all'])
  hours: CountedHours = 'regular';
}

/** How many candles a request is about. */
export function limitOf({ limit, from, date }: CandlesQuery): number {
  return limit ?? (from === undefined && date === undefined ? DEFAULT_NEWEST : DEFAULT_IN_RANGE);
}

export class CandleAnswer implements HistoryCandle {
  @ApiProperty({ description: 'Start of the interval, ISO 8601 UTC', example: '2026-11-20T03:45:00.000Z' })
  time!: string;
  @ApiProperty({ example: 2931.5 }) open!: number;
  @ApiProperty({ example: 2934 }) high!: number;
  @ApiProperty({ example: 2930.05 }) low!: number;
  @ApiProperty({ example: 2933.2 }) close!: number;
  @ApiProperty({ description: 'Traded within the interval', example: 184_250 }) volume!: number;
  @ApiProperty({ description: 'Whether the interval is over' }) final!: boolean;
  @ApiProperty({ description: 'Whether a trade that came late has changed it' }) corrected!: boolean;
  @ApiPropertyOptional({
    type: Boolean,
    description: 'Present when nothing was traded: the close of the candle before',
  })
  filled?: true;
  @ApiPropertyOptional({ type: Boolean, description: 'Present outside trading hours' })
  outside?: true;
}

export class CandlesAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ enum: INTERVALS, example: '5m' }) interval!: HistoryInterval;
  @ApiProperty({ type: [CandleAnswer], description: 'Oldest first; none for an interval without a trade' })
  candles!: readonly CandleAnswer[];
  @ApiPropertyOptional({
    description: 'There are more: ask again with this as `from` and the same `to`',
    example: '2026-11-20T05:10:00.000Z',
  })
  next?: string;
}
