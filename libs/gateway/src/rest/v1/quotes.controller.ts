import { createHash } from 'node:crypto';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { QuoteReader, type QuoteReading } from '#cache';
import { MarketDataError } from '#domain';
import { ApiProblems } from '../problem.js';
import { QuoteAnswer, QuotesAnswer, QuotesQuery } from './quotes.dto.js';

@ApiTags('quotes')
@Controller({ path: 'quotes', version: '1' })
export class QuotesController {
  constructor(private readonly quotes: QuoteReader) {}

  @Get()
  @ApiOperation({ summary: 'Quotes of several symbols; what could not be read is in `errors`' })
  @ApiOkResponse({ type: QuotesAnswer })
  @ApiProblems(400)
  async find(
    @Query() { symbols }: QuotesQuery,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuotesAnswer> {
    const { quotes, errors } = await this.quotes.read(symbols);
    tag(response, known, [quotes.map(({ quote }) => quote), errors]);
    return { quotes: quotes.map(answer), errors: [...errors] };
  }

  @Get(':symbol')
  @ApiOperation({ summary: 'Quote of one symbol' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: QuoteAnswer })
  @ApiProblems(404, 502)
  async one(
    @Param('symbol') symbol: string,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuoteAnswer> {
    const { quotes, errors } = await this.quotes.read([symbol]);
    const [reading] = quotes;
    const [error] = errors;
    if (reading === undefined) throw new MarketDataError(error?.code ?? 'SOURCE_FAILED', error?.message ?? '', true);
    tag(response, known, reading.quote);
    return answer(reading);
  }
}

function answer({ quote, layer, age }: QuoteReading): QuoteAnswer {
  return { ...quote, age, layer };
}

/** Same quotes, same tag: age and layer change with every request and are left out, so a poller gets 304 until a price moves. */
function tag(response: Response, known: string | undefined, content: unknown): void {
  const withoutAge = JSON.stringify(content, (key, value: unknown) => (key === 'age' ? undefined : value));
  const etag = `W/"${createHash('sha1').update(withoutAge).digest('base64url')}"`;
  response.setHeader('ETag', etag);
  // Express would do this, but not for the fetch API, which adds `no-cache` to every conditional request
  if (known?.includes(etag)) response.status(304);
  // a cache may keep it, but must ask before every use
  response.setHeader('Cache-Control', 'no-cache');
}
