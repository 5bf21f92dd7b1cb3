import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags, OmitType } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock } from '#domain';
import type { HistoryTick } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { weakTag } from '../etag.js';
import { ApiProblems } from '../problem.js';
import { OffersTable } from '../representation.js';
import { goneSignal } from '../v1/gone-signal.js';
import { TickReader } from '../v1/tick-reader.js';
import { TickAnswer, TicksQuery } from '../v1/ticks.dto.js';
import { DECIMAL } from './decimal.js';
import { Envelope } from './envelope.dto.js';

const PRICES = ['price', 'bid', 'ask'] as const;

export class TickV2 extends OmitType(TickAnswer, PRICES) {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiPropertyOptional(DECIMAL) price?: string;
  @ApiPropertyOptional(DECIMAL) bid?: string;
  @ApiPropertyOptional(DECIMAL) ask?: string;
}

export class TicksAnswerV2 extends Envelope {
  @ApiProperty({ type: [TickV2], description: 'Oldest first; what the vendor did not tell is absent' })
  data!: readonly TickV2[];
}

@ApiTags('candles')
@Controller({ path: 'ticks', version: '2' })
export class TicksControllerV2 {
  constructor(
    private readonly ticks: TickReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @OffersTable<TicksAnswerV2>({
    columns: [
      'symbol',
      'time',
      'received',
      'source',
      ...PRICES,
      'size',
      'volume',
      'bidSize',
      'askSize',
      'openInterest',
      'late',
    ],
    rows: ({ data }) => data,
  })
  @ApiOperation({
    summary: "One symbol's ticks as they were written down, page by page, their prices as exact decimals",
    description: 'Without `from` and `date` those of the last 24 hours.',
  })
  @ApiOkResponse({ type: TicksAnswerV2 })
  @ApiProblems(400, 403, 404, 413, 503, 504)
  async find(
    @Query() query: TicksQuery,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TicksAnswerV2> {
    const time = new Date(this.clock.now()).toISOString();
    const {
      instrument,
      ticks,
      cursor: next = null,
    } = await this.ticks.page(query, identity.tier, goneSignal(response));
    const data = ticks.map((tick) => ofSymbol(query.symbol, tick, instrument.decimals));
    const page = { next };
    response.setHeader('ETag', weakTag({ data, page }));
    return {
      data,
      errors: [],
      page,
      meta: { time },
    };
  }
}

function ofSymbol(symbol: string, { price, bid, ask, ...rest }: HistoryTick, decimals: number): TickV2 {
  return {
    symbol,
    ...rest,
    ...(price !== undefined && { price: price.toFixed(decimals) }),
    ...(bid !== undefined && { bid: bid.toFixed(decimals) }),
    ...(ask !== undefined && { ask: ask.toFixed(decimals) }),
  };
}
