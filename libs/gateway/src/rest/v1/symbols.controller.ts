import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { InstrumentMaster } from '#domain';
import { ApiProblems } from '../problem.js';

export class SymbolsQuery {
  @ApiPropertyOptional({
    description: 'Part of a symbol, ticker, ISIN or company name; all when absent',
    example: 'reliance',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  q: string = '';

  @ApiPropertyOptional({ default: 50, maximum: 5000 })
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
  @ApiPropertyOptional({ example: 'INE002A01018' }) isin?: string;
  @ApiProperty({ description: 'Smallest price step' }) tickSize!: number;
  @ApiProperty({ example: 'INR' }) currency!: string;
  @ApiProperty({ type: [String], example: ['NIFTY50'] }) indices!: readonly string[];
}

export class SymbolsAnswer {
  @ApiProperty({ type: [SymbolAnswer] }) symbols!: SymbolAnswer[];
  @ApiProperty({ description: 'Symbols the gateway knows' }) total!: number;
}

@ApiTags('symbols')
@Controller({ path: 'symbols', version: '1' })
export class SymbolsController {
  constructor(private readonly master: InstrumentMaster) {}

  @Get()
  @ApiOperation({ summary: 'Search the instrument master, best match first' })
  @ApiOkResponse({ type: SymbolsAnswer })
  @ApiProblems(400)
  search(@Query() { q, limit }: SymbolsQuery): SymbolsAnswer {
    const symbols = this.master
      .search(q, limit)
      .map(({ id, exchange, ticker, name, isin, tickSize, currency, indices }) => ({
        symbol: id,
        exchange,
        ticker,
        companyName: name,
        isin,
        tickSize,
        currency,
        indices,
      }));
    return { symbols, total: this.master.size };
  }
}
