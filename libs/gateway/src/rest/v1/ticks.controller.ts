import { Controller, Get, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { TickTableFormat } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { contentType, type Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { COMMON_FORMATS, Offers, Replaced, Wanted } from '../representation.js';
import { goneSignal } from './gone-signal.js';
import { TickReader } from './tick-reader.js';
import { TicksAnswer, TicksQuery } from './ticks.dto.js';

const FORMATS: readonly Format[] = [...COMMON_FORMATS, 'csv', 'arrow'];
/** Formats the engine writes by itself. */
const TABLES: Partial<Record<Format, TickTableFormat>> = { csv: 'CSVWithNames', arrow: 'ArrowStream' };

@ApiTags('candles')
@Controller({ path: 'ticks', version: '1' })
export class TicksController {
  constructor(private readonly ticks: TickReader) {}

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
    const { symbol } = query;
    const table = TABLES[format];
    const signal = goneSignal(response);
    if (table === undefined) {
      const { ticks, cursor } = await this.ticks.page(query, identity.tier, signal);
      return { symbol, ticks, ...(cursor !== undefined && { cursor }) };
    }
    const page = await this.ticks.table(query, identity.tier, signal, table);
    if (page.cursor !== undefined) response.setHeader('X-Next', page.cursor);
    return new StreamableFile(page.bytes, { type: contentType(format) });
  }
}
