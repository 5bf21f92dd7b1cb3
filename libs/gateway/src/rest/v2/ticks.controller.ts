import { Controller, Get, Inject, Optional, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags, OmitType } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock, ExchangeCalendar, InstrumentMaster, InvalidSymbolError, MarketDataError } from '#domain';
import { type HistoryTick, TickRepository } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { forbiddenSymbol } from '../../session/entitled.js';
import { weakTag } from '../etag.js';
import { ApiProblems } from '../problem.js';
import { OffersTable } from '../representation.js';
import { goneSignal } from '../v1/gone-signal.js';
import { TickAnswer, TicksQuery } from '../v1/ticks.dto.js';
import { readRange } from '../v1/time-range.js';
import { Envelope } from './envelope.dto.js';

const DAY_MS = 86_400_000;
const PRICES = ['price', 'bid', 'ask'] as const;
const DECIMAL = { type: String, pattern: '^-?\\d+(\\.\\d+)?$', example: '2931.50' };

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
    private readonly master: InstrumentMaster,
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(TickRepository) private readonly ticks: TickRepository | undefined,
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
    const { symbol, limit, cursor } = query;
    if (!identity.tier.entitlements.allows(symbol)) throw forbiddenSymbol(symbol);
    const instrument = this.master.get(symbol);
    if (instrument === undefined) throw new InvalidSymbolError(symbol);
    if (this.ticks === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'History is off', false);
    const now = this.clock.now();
    const { from, to } = readRange(query, this.calendar, instrument.exchange, now);
    // vendors' clocks may be ahead of ours
    const end = to ?? now + DAY_MS;
    const start = from ?? Math.min(end, now) - DAY_MS;
    const { ticks, cursor: next = null } = await this.ticks.ticks({
      symbol,
      from: start,
      to: end,
      limit,
      cursor,
      signal: goneSignal(response),
    });
    const data = ticks.map((tick) => ofSymbol(symbol, tick, instrument.decimals));
    const page = { next };
    response.setHeader('ETag', weakTag({ data, page }));
    return {
      data,
      errors: [],
      page,
      meta: { time: new Date(now).toISOString() },
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
