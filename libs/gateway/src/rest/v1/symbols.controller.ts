import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { type Instrument, InstrumentMaster } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { ApiProblems } from '../problem.js';
import { Fresh, OffersTable, Replaced } from '../representation.js';

/** What to look for. */
export class SymbolSearch {
  @ApiPropertyOptional({
    description: 'Part of a symbol, ticker, ISIN or company name; all when absent',
    example: 'reliance',
    maxLength: 64,
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  q: string = '';

  @ApiPropertyOptional({ description: 'Only symbols of this exchange', example: 'NSE', pattern: '^[A-Za-z0-9]{1,10}$' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9]{1,10}$/)
  exchange?: string;

  @ApiPropertyOptional({ description: 'Only members of this index', example: 'NIFTY50', maxLength: 64 })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  index?: string;
}

export class SymbolsQuery extends SymbolSearch {
  @ApiPropertyOptional({ type: 'integer', default: 50, minimum: 1, maximum: 5000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(5000)
  limit: number = 50;
}

export class SymbolAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ example: 'NSE' }) exchange!: string;
  @ApiProperty({ example: 'RELIANCE' }) ticker!: string;
  @ApiProperty({ example: 'Reliance Industries Limited' }) companyName!: string;
  @ApiPropertyOptional({ type: String, example: 'INE002A01018' }) isin?: string | undefined;
  @ApiProperty({ description: 'Smallest price step' }) tickSize!: number;
  @ApiProperty({ example: 'INR' }) currency!: string;
  @ApiProperty({ type: [String], example: ['NIFTY50'] }) indices!: readonly string[];
}

export class SymbolsAnswer {
  @ApiProperty({ type: [SymbolAnswer] }) symbols!: SymbolAnswer[];
  @ApiProperty({ type: 'integer', description: 'Symbols the gateway knows and you may see' }) total!: number;
}

@ApiTags('symbols')
@Controller({ path: 'symbols', version: '1' })
export class SymbolsController {
  constructor(private readonly master: InstrumentMaster) {}

  @Get()
  @Replaced()
  // the master is read at start, but another instance may have another
  @Fresh('private, max-age=60')
  @OffersTable<SymbolsAnswer>({
    columns: ['symbol', 'exchange', 'ticker', 'companyName', 'isin', 'tickSize', 'currency', 'indices'],
    rows: ({ symbols }) => symbols,
  })
  @ApiOperation({
    summary: 'Search the instrument master, best match first',
    description:
      'Exact symbol, ticker, code or ISIN first, then beginnings of tickers, then of words of the name, then any part. Five letters and ' +
      'more may have one wrong where nothing else is found.',
  })
  @ApiOkResponse({ type: SymbolsAnswer })
  @ApiProblems(400)
  search(@Query() { q, limit, exchange, index }: SymbolsQuery, @From() { identity }: Caller): SymbolsAnswer {
    const { entitlements } = identity.tier;
    const allows = entitlements.all ? undefined : (id: string) => entitlements.allows(id);
    const symbols = this.master.search(q, limit, { exchange, index, allows }).map(symbolAnswer);
    return { symbols, total: this.master.count(allows) };
  }
}

export function symbolAnswer(instrument: Instrument): SymbolAnswer {
  const { id, exchange, ticker, name, isin, tickSize, currency, indices } = instrument;
  return { symbol: id, exchange, ticker, companyName: name, isin, tickSize, currency, indices };
}
