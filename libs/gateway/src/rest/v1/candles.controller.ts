import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { LastValueStore, QuoteReader } from '#cache';
import { KEPT_CANDLES } from '#candles';
import { type Candle, CANDLE_INTERVALS, type CandleInterval, InvalidSymbolError } from '#domain';
import { Hub } from '#subscription';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { forbiddenSymbol } from '../../session/entitled.js';
import { ApiProblems } from '../problem.js';

const INTERVALS = Object.keys(CANDLE_INTERVALS);

export class CandlesQuery {
  @ApiProperty({ example: 'NSE:RELIANCE' })
  @IsString()
  @MaxLength(64)
  symbol!: string;

  @ApiProperty({ enum: INTERVALS })
  @IsIn(INTERVALS)
  interval!: CandleInterval;

  @ApiPropertyOptional({ default: 60, maximum: KEPT_CANDLES })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(KEPT_CANDLES)
  limit: number = 60;
}

export class CandleAnswer implements Candle {
  @ApiProperty({ description: 'Start of the interval, ISO 8601 UTC', example: '2026-11-20T09:15:00.000Z' })
  time!: string;
  @ApiProperty() open!: number;
  @ApiProperty() high!: number;
  @ApiProperty() low!: number;
  @ApiProperty() close!: number;
  @ApiProperty({ description: 'Traded within the interval' }) volume!: number;
  @ApiProperty({ description: 'Whether the interval is over' }) final!: boolean;
  @ApiProperty({ description: 'Whether a trade that came late has changed it' }) corrected!: boolean;
}

export class CandlesAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ enum: INTERVALS }) interval!: CandleInterval;
  @ApiProperty({ type: [CandleAnswer], description: 'Oldest first; none for an interval without a trade' })
  candles!: readonly CandleAnswer[];
}

@ApiTags('candles')
@Controller({ path: 'candles', version: '1' })
export class CandlesController {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly lastValues: LastValueStore,
    private readonly hub: Hub,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'The newest candles built in memory',
    description:
      'Candles are built while somebody follows the symbol by socket, and for five minutes after a request here: the first request ' +
      'of a symbol nobody follows is answered with none.',
  })
  @ApiOkResponse({ type: CandlesAnswer })
  @ApiProblems(400, 403, 404)
  async last(@Query() { symbol, interval, limit }: CandlesQuery, @From() { identity }: Caller): Promise<CandlesAnswer> {
    if (!identity.tier.entitlements.allows(symbol)) throw forbiddenSymbol(symbol);
    const state = this.lastValues.peek(symbol);
    if (state === undefined) throw new InvalidSymbolError(symbol);
    const candles = this.hub.channels.read(state, interval, limit);
    // makes the symbol wanted; candles are built from what comes, whatever the present quote may be
    await this.quotes.read([symbol]);
    return { symbol, interval, candles };
  }
}
