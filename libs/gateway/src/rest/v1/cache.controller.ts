import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { LastValueStore, QuoteCache, QuoteReader, type ReadResult, RecentUpdates, RedisMirror } from '#cache';
import type { InstrumentId } from '#domain';
import { For } from '../../access/access.js';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { ApiProblems } from '../problem.js';
import { CacheStats, ClearedAnswer, LoadedAnswer, RecentAnswer, RecentQuery, RecentSearchQuery } from './cache.dto.js';
import { QuotesBatch } from './quotes.dto.js';

@ApiTags('cache')
@Controller({ path: 'cache', version: '1' })
export class CacheController {
  constructor(
    private readonly recent: RecentUpdates,
    private readonly lastValues: LastValueStore,
    private readonly quotes: QuoteReader,
    private readonly cache: QuoteCache,
    private readonly mirror: RedisMirror,
  ) {}

  @Get('recent')
  @ApiOperation({ summary: 'The last published updates, newest first' })
  @ApiOkResponse({ type: RecentAnswer })
  @ApiProblems(400)
  latest(@Query() { limit, symbol }: RecentQuery, @From() caller: Caller): RecentAnswer {
    return { items: this.recent.find(limit, { symbol, allows: allowedBy(caller) }) };
  }

  @Get('search')
  @ApiOperation({ summary: 'The last published updates whose symbol or company matches, newest first' })
  @ApiOkResponse({ type: RecentAnswer })
  @ApiProblems(400)
  search(@Query() { q, limit }: RecentSearchQuery, @From() caller: Caller): RecentAnswer {
    return { items: this.recent.find(limit, { text: q, allows: allowedBy(caller) }) };
  }

  @Get('stats')
  @ApiOperation({ summary: 'Size and hit counts of the caches' })
  @ApiOkResponse({ type: CacheStats })
  stats(): CacheStats {
    const { sharedStats: shared, negativeEntries } = this.cache;
    return {
      values: [...this.lastValues.known()].length,
      recent: this.recent.stats(),
      reads: { ...this.quotes.served, joined: this.quotes.joined },
      negativeEntries,
      ...(shared && { shared, mirror: this.mirror.stats }),
    };
  }

  @Delete('recent')
  @ApiOperation({ summary: 'Forget the recent updates; quotes are not touched' })
  @ApiOkResponse({ type: ClearedAnswer })
  clear(): ClearedAnswer {
    return { cleared: this.recent.clear() };
  }

  @Post('warm')
  @For('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Loads quotes that memory lacks, from Redis or a vendor' })
  @ApiOkResponse({ type: LoadedAnswer })
  @ApiProblems(400)
  async warm(@Body() { symbols }: QuotesBatch): Promise<LoadedAnswer> {
    return loaded(await this.quotes.read(symbols));
  }

  @Post('refresh')
  @For('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Asks vendors for quotes, whatever is known, within the limits of the vendors' })
  @ApiOkResponse({ type: LoadedAnswer })
  @ApiProblems(400)
  async refresh(@Body() { symbols }: QuotesBatch): Promise<LoadedAnswer> {
    return loaded(await this.quotes.refresh(symbols));
  }

  @Delete('quotes/:symbol')
  @For('operator')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Forgets what all nodes and Redis have cached of a symbol; the next read asks for it again',
  })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiNoContentResponse()
  @ApiProblems(404)
  async invalidate(@Param('symbol') symbol: string): Promise<void> {
    await this.quotes.invalidate(symbol);
  }

  @Delete('quotes')
  @For('operator')
  @ApiOperation({
    summary: 'Forgets all quotes and failures cached by all nodes and in Redis; `cleared` counts the keys there',
  })
  @ApiOkResponse({ type: ClearedAnswer })
  @ApiProblems(502)
  async clearQuotes(): Promise<ClearedAnswer> {
    return { cleared: await this.quotes.clear() };
  }
}

function loaded({ quotes, errors }: ReadResult): LoadedAnswer {
  return {
    loaded: quotes.map(({ quote, layer, status, age }) => ({ symbol: quote.symbol, layer, status, age })),
    errors: [...errors],
  };
}

function allowedBy({ identity }: Caller): (id: InstrumentId) => boolean {
  const { entitlements } = identity.tier;
  return (id) => entitlements.allows(id);
}
