import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags, OmitType } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock, ExchangeCalendar, InstrumentMaster, InvalidSymbolError } from '#domain';
import type { HistoryCandle } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { requireEntitled } from '../../session/entitled.js';
import { weakTag } from '../etag.js';
import { ApiProblems } from '../problem.js';
import { OffersTable } from '../representation.js';
import { CandleReader } from '../v1/candle-reader.js';
import { CandleAnswer, CandlesQuery, limitOf } from '../v1/candles.dto.js';
import { goneSignal } from '../v1/gone-signal.js';
import { readRange } from '../v1/time-range.js';
import { positionAfter, positionOf } from './cursor.js';
import { DECIMAL } from './decimal.js';
import { Cursor, Envelope } from './envelope.dto.js';

const PRICES = ['open', 'high', 'low', 'close'] as const;

export class CandlesQueryV2 extends CandlesQuery {
  @Cursor() cursor?: string;
}

export class CandleV2 extends OmitType(CandleAnswer, PRICES) {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty(DECIMAL) open!: string;
  @ApiProperty(DECIMAL) high!: string;
  @ApiProperty(DECIMAL) low!: string;
  @ApiProperty(DECIMAL) close!: string;
}

export class CandlesAnswerV2 extends Envelope {
  @ApiProperty({ type: [CandleV2], description: 'Oldest first' }) data!: readonly CandleV2[];
}

@ApiTags('candles')
@Controller({ path: 'candles', version: '2' })
export class CandlesControllerV2 {
  constructor(
    private readonly candles: CandleReader,
    private readonly master: InstrumentMaster,
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @OffersTable<CandlesAnswerV2>({
    columns: ['symbol', 'time', ...PRICES, 'volume', 'final', 'corrected', 'filled', 'outside'],
    rows: ({ data }) => data,
  })
  @ApiOperation({ summary: 'Candles page by page, their prices as exact decimals' })
  @ApiOkResponse({ type: CandlesAnswerV2 })
  @ApiProblems(400, 403, 404, 413, 503, 504)
  async find(
    @Query() query: CandlesQueryV2,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CandlesAnswerV2> {
    const { symbol, interval, fill, hours, cursor, ...rest } = query;
    requireEntitled(symbol, identity.tier);
    const instrument = this.master.get(symbol);
    if (instrument === undefined) throw new InvalidSymbolError(symbol);
    const now = this.clock.now();
    const range = readRange(query, this.calendar, instrument.exchange, now);
    const question = { symbol, interval, fill, hours, ...rest };
    const from = cursor === undefined ? range.from : positionOf(cursor, question);
    const signal = goneSignal(response);
    const request = { symbol, interval, ...range, from, limit: limitOf(query), fill, hours, signal };
    const { candles, next } = await this.candles.read(request);
    const data = candles.map((candle) => ofSymbol(symbol, candle, instrument.decimals));
    const page = { next: next === undefined ? null : positionAfter(next, question) };
    response.setHeader('ETag', weakTag({ data, page }));
    return {
      data,
      errors: [],
      page,
      meta: { time: new Date(now).toISOString() },
    };
  }
}

function ofSymbol(symbol: string, { open, high, low, close, ...rest }: HistoryCandle, decimals: number): CandleV2 {
  const decimal = (price: number): string => price.toFixed(decimals);
  return { symbol, ...rest, open: decimal(open), high: decimal(high), low: decimal(low), close: decimal(close) };
}
