import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { LastValueStore, QuoteReader } from '#cache';
import { type BookLevel, bookView, InvalidSymbolError, MarketDataError } from '#domain';
import { bookOf } from '#subscription';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { requireEntitled } from '../../session/entitled.js';
import { weakTag } from '../etag.js';
import { ApiProblems } from '../problem.js';

export class LevelAnswer implements BookLevel {
  @ApiProperty({ example: 2931.45 }) price!: number;
  @ApiPropertyOptional({ description: 'Absent where the vendor does not say' }) size?: number;
  @ApiPropertyOptional({ description: 'Orders that make up the size; absent where the vendor does not say' })
  orders?: number;
}

export class DepthAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ type: [LevelAnswer], description: 'Best first, at most five' }) bids!: readonly LevelAnswer[];
  @ApiProperty({ type: [LevelAnswer], description: 'Best first, at most five' }) asks!: readonly LevelAnswer[];
  @ApiProperty({ description: 'Vendor the book came from' }) source!: string;
  @ApiProperty({ description: 'True when no vendor confirms the value any more' }) stale!: boolean;
  @ApiProperty({ description: 'Milliseconds since a vendor last confirmed the value' }) age!: number;
}

@ApiTags('depth')
@Controller({ path: 'depth', version: '1' })
export class DepthController {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly lastValues: LastValueStore,
  ) {}

  @Get(':symbol')
  @ApiOperation({ summary: 'Best prices of one symbol: five a side, or the best alone where the vendor sends no more' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: DepthAnswer })
  @ApiProblems(403, 404, 502)
  async one(
    @Param('symbol') symbol: string,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DepthAnswer> {
    requireEntitled(symbol, identity.tier);
    // a quote's read brings the value in memory up to date, and the book with it
    const { quotes, errors } = await this.quotes.read([symbol]);
    const [reading] = quotes;
    const [error] = errors;
    if (reading === undefined) throw new MarketDataError(error?.code ?? 'SOURCE_FAILED', error?.message ?? '', true);
    const state = this.lastValues.peek(symbol);
    if (state === undefined) throw new InvalidSymbolError(symbol);
    const book = { ...bookView(bookOf(state)), source: state.latestSource, stale: reading.quote.stale };
    response.setHeader('ETag', weakTag(book));
    return { symbol, ...book, age: reading.age };
  }
}
