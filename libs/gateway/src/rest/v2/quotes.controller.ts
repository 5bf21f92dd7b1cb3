import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { QuoteReader, type QuoteReading } from '#cache';
import { CLOCK, type Clock, InstrumentMaster, InvalidMessageError, InvalidSymbolError, MarketDataError } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { requireEntitled, screen } from '../../session/entitled.js';
import { ApiProblems } from '../problem.js';
import { OffersTable } from '../representation.js';
import { listTag, quoteTag } from '../v1/quote-tag.js';
import { pageOf } from './cursor.js';
import { quoteGroups } from './quote-groups.js';
import { QUOTES_TABLE_V2, QUOTE_TABLE_V2 } from './quote-table.js';
import { QuoteAnswerV2, QuotesAnswerV2, QuotesQueryV2, type QuoteV2 } from './quotes.dto.js';

@ApiTags('quotes')
@Controller({ path: 'quotes', version: '2' })
export class QuotesControllerV2 {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly master: InstrumentMaster,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @OffersTable(QUOTES_TABLE_V2)
  @ApiOperation({
    summary: 'Quotes of several symbols, of an index or of an exchange, with the source of each group of values',
  })
  @ApiOkResponse({ type: QuotesAnswerV2 })
  @ApiProblems(400)
  async find(
    @Query() query: QuotesQueryV2,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuotesAnswerV2> {
    const { symbols, index, exchange, limit, cursor } = query;
    const { entitlements } = caller.identity.tier;
    const page = pageOf(this.wanted(query, caller), { limit, cursor }, { symbols, index, exchange });
    const { permitted, forbidden } = screen(page.items, entitlements);
    const { quotes, errors: failed } = await this.quotes.read(permitted);
    const errors = [...failed, ...forbidden];
    const tag = listTag(
      quotes.map(({ quote, status }) => quoteTag(quote, status)),
      errors,
    );
    response.setHeader('ETag', `W/"${tag}"`);
    return {
      data: quotes.map((reading) => this.grouped(reading)),
      errors,
      page: { next: page.next },
      meta: this.meta(),
    };
  }

  @Get(':symbol')
  @OffersTable(QUOTE_TABLE_V2)
  @ApiOperation({ summary: 'Quote of one symbol, with the source of each group of values' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: QuoteAnswerV2 })
  @ApiProblems(403, 404, 502)
  async one(
    @Param('symbol') symbol: string,
    @From() { identity }: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<QuoteAnswerV2> {
    requireEntitled(symbol, identity.tier);
    const { quotes, errors } = await this.quotes.read([symbol]);
    const [reading] = quotes;
    const [error] = errors;
    if (reading === undefined) throw new MarketDataError(error?.code ?? 'SOURCE_FAILED', error?.message ?? '', true);
    response.setHeader('ETag', `W/"${quoteTag(reading.quote, reading.status)}"`);
    return { data: this.grouped(reading), errors: [], page: { next: null }, meta: this.meta() };
  }

  private wanted({ symbols, index, exchange }: QuotesQueryV2, { identity }: Caller): readonly string[] {
    if ((symbols === undefined) === (index === undefined && exchange === undefined))
      throw new InvalidMessageError('give either symbols, or an index or an exchange');
    if (symbols !== undefined) return [...new Set(symbols)];
    const { entitlements } = identity.tier;
    const filter = { index, exchange, allows: (id: string) => entitlements.allows(id) };
    return this.master.search('', Infinity, filter).map(({ id }) => id);
  }

  private grouped(reading: QuoteReading): QuoteV2 {
    const instrument = this.master.get(reading.quote.symbol);
    if (instrument === undefined) throw new InvalidSymbolError(reading.quote.symbol);
    return quoteGroups(reading, instrument);
  }

  private meta(): { time: string } {
    return { time: new Date(this.clock.now()).toISOString() };
  }
}
