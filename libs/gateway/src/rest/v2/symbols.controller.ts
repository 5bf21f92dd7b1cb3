import { Controller, Get, Query } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
  IntersectionType,
} from '@nestjs/swagger';
import { type Instrument, InstrumentMaster } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { ApiProblems } from '../problem.js';
import { Fresh, OffersTable } from '../representation.js';
import { SymbolSearch } from '../v1/symbols.controller.js';
import { pageOf } from './cursor.js';
import { Page, PageQuery } from './envelope.dto.js';

export class SymbolsQueryV2 extends IntersectionType(SymbolSearch, PageQuery) {}

export class SymbolV2 {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ example: 'NSE' }) exchange!: string;
  @ApiProperty({ example: 'RELIANCE' }) ticker!: string;
  @ApiProperty({ example: 'Reliance Industries Limited' }) companyName!: string;
  @ApiPropertyOptional({ type: String, example: 'INE002A01018' }) isin?: string | undefined;
  @ApiProperty({ description: 'Smallest price step', example: '0.05', pattern: '^\\d+(\\.\\d+)?$' }) tickSize!: string;
  @ApiProperty({ type: 'integer', description: 'Decimals of a price', example: 2 }) decimals!: number;
  @ApiProperty({ example: 'INR' }) currency!: string;
  @ApiProperty({ type: [String], example: ['NIFTY50'] }) indices!: readonly string[];
}

class SymbolsMeta {
  @ApiProperty({ type: 'integer', description: 'Symbols that match' }) total!: number;
}

export class SymbolsAnswerV2 {
  @ApiProperty({ type: [SymbolV2] }) data!: readonly SymbolV2[];
  @ApiProperty({ type: Page }) page!: Page;
  @ApiProperty({ type: SymbolsMeta }) meta!: SymbolsMeta;
}

@ApiTags('symbols')
@Controller({ path: 'symbols', version: '2' })
export class SymbolsControllerV2 {
  constructor(private readonly master: InstrumentMaster) {}

  @Get()
  @Fresh('private, max-age=60')
  @OffersTable<SymbolsAnswerV2>({
    columns: ['symbol', 'exchange', 'ticker', 'companyName', 'isin', 'tickSize', 'decimals', 'currency', 'indices'],
    rows: ({ data }) => data,
  })
  @ApiOperation({ summary: 'Search the instrument master page by page, best match first' })
  @ApiOkResponse({ type: SymbolsAnswerV2 })
  @ApiProblems(400)
  search(
    @Query() { q, exchange, index, limit, cursor }: SymbolsQueryV2,
    @From() { identity }: Caller,
  ): SymbolsAnswerV2 {
    const { entitlements } = identity.tier;
    const allows = entitlements.all ? undefined : (id: string) => entitlements.allows(id);
    const found = this.master.search(q, Infinity, { exchange, index, allows });
    const { items, next } = pageOf(found, { limit, cursor }, { q, exchange, index });
    return { data: items.map(symbolOf), page: { next }, meta: { total: found.length } };
  }
}

function symbolOf({ id, name, tickSize, decimals, ...instrument }: Instrument): SymbolV2 {
  const { exchange, ticker, isin, currency, indices } = instrument;
  const step = tickSize.toFixed(decimals);
  return { symbol: id, exchange, ticker, companyName: name, isin, tickSize: step, decimals, currency, indices };
}
