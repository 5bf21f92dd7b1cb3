import { Body, Controller, Get, HttpCode, Post, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type QueryFormat, QueryService } from '#history';
import { For } from '../../access/access.js';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { contentType, type Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { Offers, Wanted } from '../representation.js';
import { goneSignal } from './gone-signal.js';
import { jsonAnswer } from './query-answer.js';
import { paramsOf, QueryAnswer, QueryBody } from './query.dto.js';

const FORMATS: readonly Format[] = ['json', 'csv', 'arrow', 'lines'];
const NAMED: Partial<Record<Format, QueryFormat>> = { json: 'json', csv: 'csv', arrow: 'arrow', lines: 'ndjson' };
const WRITTEN: Readonly<Record<QueryFormat, Format>> = { json: 'json', csv: 'csv', arrow: 'arrow', ndjson: 'lines' };
const DESCRIPTION =
  'One SELECT on the table `ticks`, bounded in time, rows, bytes and memory; see docs/history.md for the functions it may use. ' +
  'Callers see the symbols their tier allows. The query ends when its client leaves.';

@ApiTags('query')
@Controller({ path: 'query', version: '1' })
export class QueryController {
  constructor(private readonly queries: QueryService) {}

  @Get()
  @Offers(...FORMATS)
  @ApiOperation({ summary: 'Read-only SQL on history', description: DESCRIPTION })
  @ApiOkResponse({ type: QueryAnswer })
  @ApiProblems(400, 406, 413, 429, 503, 504)
  get(
    @Query() query: QueryBody,
    @Wanted(FORMATS) format: Format,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StreamableFile> {
    return this.run(query, format, caller, response);
  }

  @Post()
  @HttpCode(200)
  @For('client')
  @Offers(...FORMATS)
  @ApiOperation({
    summary: 'The same as a GET, for statements that are too long for an address',
    description: DESCRIPTION,
  })
  @ApiOkResponse({ type: QueryAnswer })
  @ApiProblems(400, 406, 413, 415, 429, 503, 504)
  post(
    @Body() query: QueryBody,
    @Wanted(FORMATS) format: Format,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StreamableFile> {
    return this.run(query, format, caller, response);
  }

  private async run(query: QueryBody, wanted: Format, caller: Caller, response: Response): Promise<StreamableFile> {
    const { entitlements } = caller.identity.tier;
    const format = query.format ?? NAMED[wanted] ?? 'json';
    const patterns = entitlements.all ? undefined : entitlements.patterns;
    const answer = await this.queries.run(
      { sql: query.sql, params: paramsOf(query), format },
      patterns,
      goneSignal(response),
    );
    response.setHeader('Cache-Control', 'no-store');
    const bytes = format === 'json' ? jsonAnswer(answer) : answer;
    return new StreamableFile(bytes, { type: contentType(WRITTEN[format]), length: bytes.length });
  }
}
