import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { QuoteReader, type QuoteReading } from '#cache';
import { MarketDataError } from '#domain';
import { For } from '../../access/access.js';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { requireEntitled, screen } from '../../session/entitled.js';
import { matches, tagOfFormat } from '../etag.js';
import type { Format } from '../negotiation.js';
import { ApiProblems } from '../problem.js';
import { COMMON_FORMATS, OffersTable, Replaced, Wanted } from '../representation.js';
import { LongPollQuery } from './long-poll.dto.js';
import { LongPolls } from './long-polls.js';
import { listTag, quoteTag } from './quote-tag.js';
import { QUOTES_TABLE, QUOTE_TABLE } from './quote-table.js';
import { QuoteAnswer, QuotesAnswer, QuotesBatch, type SymbolError } from './quotes.dto.js';

const FORMATS: readonly Format[] = [...COMMON_FORMATS, 'csv'];

interface Reading {
  readonly quotes: readonly QuoteReading[];
  readonly errors: readonly SymbolError[];
}

@ApiTags('quotes')
@Controller({ path: 'quotes', version: '1' })
export class QuotesController {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly longPolls: LongPolls,
  ) {}

  @Get()
  @Replaced()
  @OffersTable(QUOTES_TABLE)
  @ApiOperation({ summary: 'Quotes of several symbols; what could not be read is in `errors`' })
  @ApiOkResponse({ type: QuotesAnswer })
  @ApiProblems(400, 503)
  async find(
    @Query() { symbols, wait }: LongPollQuery,
    @Headers('if-none-match') known: string | undefined,
    @Wanted(FORMATS) format: Format,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuotesAnswer> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { quotes, errors, tag } = await this.longPolls.read(
      { caller, symbols, waitMs: wait * 1000, gone: gone.signal },
      async () => {
        const reading = await this.read(symbols, caller);
        return { ...reading, tag: listTag(reading.quotes.map(tagOf), reading.errors) };
      },
      // news is what the answer's tag, as it is in this format, does not say
      (reading) => !matches(known, tagOfFormat(`W/"${reading.tag}"`, format)),
    );
    response.setHeader('ETag', `W/"${tag}"`);
    return { quotes: quotes.map(answer), errors: [...errors] };
  }

  @Post('batch')
  @HttpCode(200)
  @For('client')
  @OffersTable(QUOTES_TABLE)
  @ApiOperation({ summary: 'The same as a GET, for lists that are too long for an address' })
  @ApiOkResponse({ type: QuotesAnswer })
  @ApiProblems(400, 413, 415)
  async batch(@Body() { symbols }: QuotesBatch, @From() caller: Caller): Promise<QuotesAnswer> {
    const { quotes, errors } = await this.read(symbols, caller);
    return { quotes: quotes.map(answer), errors: [...errors] };
  }

  @Get(':symbol')
  @Replaced()
  @OffersTable(QUOTE_TABLE)
  @ApiOperation({ summary: 'Quote of one symbol' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: QuoteAnswer })
  @ApiProblems(403, 404, 502)
  async one(
    @Param('symbol') symbol: string,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuoteAnswer> {
    requireEntitled(symbol, identity.tier);
    const { quotes, errors } = await this.quotes.read([symbol]);
    const [reading] = quotes;
    const [error] = errors;
    if (reading === undefined) throw new MarketDataError(error?.code ?? 'SOURCE_FAILED', error?.message ?? '', true);
    response.setHeader('ETag', `W/"${tagOf(reading)}"`);
    return answer(reading);
  }

  private async read(symbols: readonly string[], { identity }: Caller): Promise<Reading> {
    const { permitted, forbidden } = screen(symbols, identity.tier.entitlements);
    const { quotes, errors } = await this.quotes.read(permitted);
    return { quotes, errors: [...errors, ...forbidden] };
  }
}

function answer({ quote, layer, status, age }: QuoteReading): QuoteAnswer {
  return { ...quote, age, layer, status };
}

function tagOf({ quote, status }: QuoteReading): string {
  return quoteTag(quote, status);
}
