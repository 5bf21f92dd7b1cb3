import { Controller, Get, Inject, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock, ExchangeCalendar, MarketDataError } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { requireEntitled } from '../../session/entitled.js';
import { contentType, type Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { COMMON_FORMATS, OffersTable, Replaced, Wanted } from '../representation.js';
import { CandleReader } from './candle-reader.js';
import { CandlesAnswer, CandlesQuery, limitOf } from './candles.dto.js';
import { goneSignal } from './gone-signal.js';
import { readRange } from './time-range.js';

const COLUMNS = ['time', 'open', 'high', 'low', 'close', 'volume', 'final', 'corrected', 'filled', 'outside'] as const;
const FORMATS: readonly Format[] = [...COMMON_FORMATS, 'csv', 'arrow'];

@ApiTags('candles')
@Controller({ path: 'candles', version: '1' })
export class CandlesController {
  constructor(
    private readonly candles: CandleReader,
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Replaced()
  @OffersTable<CandlesAnswer>({ columns: COLUMNS, rows: ({ candles }) => candles }, 'arrow')
  @ApiOperation({
    summary: 'Candles from history, or the newest in memory where history is off',
    description:
      'With `from` or `date` the first candles from there on, and `next` when there are more; otherwise the newest before `to`. Intervals are ' +
      "counted from midnight of the exchange's clock, and the first of a session begins with its opening: an hour's candles of NSE begin at " +
      '9:15, 10:00, 11:00. A day begins with its opening too. Trades of the opening auction are in the first candle; others outside trading ' +
      'hours are left out unless `hours=all`. Without history candles are built while somebody follows the symbol, and for five minutes after ' +
      'a request here: the first request of a symbol nobody follows is answered with none.',
  })
  @ApiOkResponse({ type: CandlesAnswer })
  @ApiProblems(400, 403, 404, 406, 413, 503, 504)
  async find(
    @Query() query: CandlesQuery,
    @Wanted(FORMATS) format: Format,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CandlesAnswer | StreamableFile> {
    const { symbol, interval, fill, hours } = query;
    requireEntitled(symbol, identity.tier);
    const exchange = symbol.slice(0, symbol.indexOf(':'));
    const range = readRange(query, this.calendar, exchange, this.clock.now());
    const limit = limitOf(query);
    const signal = goneSignal(response);
    const { candles, next } = await this.candles.read({ symbol, interval, ...range, limit, fill, hours, signal });
    if (next !== undefined) response.setHeader('X-Next', new Date(next).toISOString());
    if (format === 'arrow') {
      const { history } = this.candles;
      if (history === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'Arrow takes the history', false);
      return new StreamableFile(await history.arrow(symbol, candles), { type: contentType('arrow') });
    }
    return { symbol, interval, candles, ...(next !== undefined && { next: new Date(next).toISOString() }) };
  }
}
