import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CLOCK, type Clock } from '#domain';
import { PUBLISHED_TABLES, type QueryFormat, QueryService } from '#history';
import { For } from '../../access/access.js';
import { type Caller, userOf } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { contentType, type Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { Offers, Wanted } from '../representation.js';
import { answerTaken, hangUpAfter } from './answer-taken.js';
import { goneSignal } from './gone-signal.js';
import { jsonAnswer } from './query-answer.js';
import { paramsOf, QueryAnswer, QueryBody } from './query.dto.js';

const FORMATS: readonly Format[] = ['json', 'csv', 'arrow', 'lines'];
const NAMED: Partial<Record<Format, QueryFormat>> = { json: 'json', csv: 'csv', arrow: 'arrow', lines: 'ndjson' };
const WRITTEN: Readonly<Record<QueryFormat, Format>> = { json: 'json', csv: 'csv', arrow: 'arrow', ndjson: 'lines' };
const DESCRIPTION =
  `One SELECT on ${[...PUBLISHED_TABLES.keys()].map((name) => `\`${name}\``).join(', ')}, bounded in time, rows, bytes and memory; docs/history.md ` +
  'lists their columns and the functions it may use. Callers see the symbols their tier allows. The query ends when its client leaves.';

/** A slow line takes an answer of the largest size in this time; past it the answer is held for nobody, ms. */
const TAKE_WITHIN_MS = 60_000;

@ApiTags('query')
@Controller({ path: 'query', version: '1' })
export class QueryController {
  constructor(
    private readonly queries: QueryService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

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
      { name: userOf(caller), patterns, signal: goneSignal(response), taken: answerTaken(response) },
    );
    response.setHeader('Cache-Control', 'no-store');
    hangUpAfter(response, TAKE_WITHIN_MS, this.clock);
    const pieces = format === 'json' ? jsonAnswer(answer) : [answer];
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
      type: contentType(WRITTEN[format]),
      length,
    });
  }
}
