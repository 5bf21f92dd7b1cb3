import { createHash } from 'node:crypto';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { QuoteReader, type QuoteReading, type ReadResult } from '#cache';
import { MarketDataError } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { forbiddenSymbol, screen } from '../../session/entitled.js';
import { ApiProblems } from '../problem.js';
import { LongPollQuery } from './long-poll.dto.js';
import { LongPolls } from './long-polls.js';
import { QuoteAnswer, QuotesAnswer } from './quotes.dto.js';

@ApiTags('quotes')
@Controller({ path: 'quotes', version: '1' })
export class QuotesController {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly longPolls: LongPolls,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Quotes of several symbols; what could not be read is in `errors`' })
  @ApiOkResponse({ type: QuotesAnswer })
  @ApiProblems(400, 503)
  async find(
    @Query() { symbols, wait }: LongPollQuery,
    @Headers('if-none-match') known: string | undefined,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuotesAnswer> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { quotes, errors, etag } = await this.longPolls.read(
      { caller, symbols, waitMs: wait * 1000, gone: gone.signal },
      () => this.tagged(symbols, caller),
      (reading) => known?.includes(reading.etag) !== true,
    );
    condition(response, known, etag);
    return { quotes: quotes.map(answer), errors: [...errors] };
  }

  @Get(':symbol')
  @ApiOperation({ summary: 'Quote of one symbol' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: QuoteAnswer })
  @ApiProblems(403, 404, 502)
  async one(
    @Param('symbol') symbol: string,
    @Headers('if-none-match') known: string | undefined,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuoteAnswer> {
    if (!identity.tier.entitlements.allows(symbol)) throw forbiddenSymbol(symbol);
    const { quotes, errors } = await this.quotes.read([symbol]);
    const [reading] = quotes;
    const [error] = errors;
    if (reading === undefined) throw new MarketDataError(error?.code ?? 'SOURCE_FAILED', error?.message ?? '', true);
    condition(response, known, etagOf(reading.quote));
    return answer(reading);
  }

  private async tagged(symbols: readonly string[], { identity }: Caller): Promise<ReadResult & { etag: string }> {
    const { permitted, forbidden } = screen(symbols, identity.tier.entitlements);
    const { quotes, errors: failed } = await this.quotes.read(permitted);
    const errors = [...failed, ...forbidden];
    return { quotes, errors, etag: etagOf([quotes.map(({ quote }) => quote), errors]) };
  }
}

function answer({ quote, layer, status, age }: QuoteReading): QuoteAnswer {
  return { ...quote, age, layer, status };
}

/** Same quotes, same tag: age and layer change with every request and are left out, so a poller gets 304 until a price moves. */
function etagOf(content: unknown): string {
  const withoutAge = JSON.stringify(content, (key, value: unknown) => (key === 'age' ? undefined : value));
  return `W/"${createHash('sha1').update(withoutAge).digest('base64url')}"`;
}

function condition(response: Response, known: string | undefined, etag: string): void {
  response.setHeader('ETag', etag);
  // Express would do this, but not for the fetch API, which adds `no-cache` to every conditional request
  if (known?.includes(etag)) response.status(304);
  // a cache may keep it, but must ask before every use
  response.setHeader('Cache-Control', 'no-cache');
}
