import { Controller, Get, Inject, Optional, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock, ExchangeCalendar, InstrumentMaster, InvalidSymbolError, MarketDataError } from '#domain';
import { TickRepository, type TickTableFormat } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { forbiddenSymbol } from '../../session/entitled.js';
import { contentType, type Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { COMMON_FORMATS, Offers, Replaced, Wanted } from '../representation.js';
import { goneSignal } from './gone-signal.js';
import { TicksAnswer, TicksQuery } from './ticks.dto.js';
import { readRange } from './time-range.js';

const FORMATS: readonly Format[] = [...COMMON_FORMATS, 'csv', 'arrow'];
/** Formats the engine writes by itself. */
const TABLES: Partial<Record<Format, TickTableFormat>> = { csv: 'CSVWithNames', arrow: 'ArrowStream' };
const DAY_MS = 86_400_000;

@ApiTags('candles')
@Controller({ path: 'ticks', version: '1' })
export class TicksController {
  constructor(
    private readonly master: InstrumentMaster,
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(TickRepository) private readonly ticks: TickRepository | undefined,
  ) {}

  @Get()
  @Replaced()
  @Offers(...FORMATS)
  @ApiOperation({
    summary: "One symbol's ticks as they were written down, page by page",
    description:
      'Without `from` and `date` those of the last 24 hours. As CSV and Arrow, `cursor` of the next page is in the header `X-Next`.',
  })
  @ApiOkResponse({ type: TicksAnswer })
  @ApiProblems(400, 403, 404, 406, 413, 503, 504)
  async find(
    @Query() query: TicksQuery,
    @Wanted(FORMATS) format: Format,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TicksAnswer | StreamableFile> {
    const { symbol, limit, cursor } = query;
    if (!identity.tier.entitlements.allows(symbol)) throw forbiddenSymbol(symbol);
    const instrument = this.master.get(symbol);
    if (instrument === undefined) throw new InvalidSymbolError(symbol);
    if (this.ticks === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'History is off', false);
    const now = this.clock.now();
    const { from, to } = readRange(query, this.calendar, instrument.exchange, now);
    // vendors' clocks may be ahead of ours
    const end = to ?? now + DAY_MS;
    const request = { symbol, from: from ?? Math.min(end, now) - DAY_MS, to: end, limit, cursor };
    const table = TABLES[format];
    const signal = goneSignal(response);
    if (table === undefined) {
      const page = await this.ticks.ticks({ ...request, signal });
      return { symbol, ticks: page.ticks, ...(page.cursor !== undefined && { cursor: page.cursor }) };
    }
    const page = await this.ticks.table({ ...request, signal }, table);
    if (page.cursor !== undefined) response.setHeader('X-Next', page.cursor);
    return new StreamableFile(page.bytes, { type: contentType(format) });
  }
}
