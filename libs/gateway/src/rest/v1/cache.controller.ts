import { Controller, Delete, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { LastValueStore, QuoteReader, RecentUpdates } from '#cache';
import type { InstrumentId } from '#domain';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { ApiProblems } from '../problem.js';
import { QuoteAnswer } from './quotes.dto.js';

class LimitQuery {
  @ApiPropertyOptional({ default: 50, maximum: 1000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 50;
}

export class RecentQuery extends LimitQuery {
  @ApiPropertyOptional({ example: 'NSE:RELIANCE' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  symbol?: string;
}

export class RecentSearchQuery extends LimitQuery {
  @ApiProperty({ description: 'Part of a symbol or company name', example: 'bank' })
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  q!: string;
}

export class RecentUpdateAnswer {
  @ApiProperty() seq!: number;
  @ApiProperty({ description: 'When it was published, epoch ms' }) publishedAt!: number;
  @ApiProperty({ type: QuoteAnswer }) quote!: Omit<QuoteAnswer, 'age' | 'layer' | 'status'>;
}

export class RecentAnswer {
  @ApiProperty({ type: [RecentUpdateAnswer] }) items!: RecentUpdateAnswer[];
}

export class RecentStats {
  @ApiProperty() size!: number;
  @ApiProperty() capacity!: number;
  @ApiProperty() ttlMs!: number;
  @ApiProperty({ description: 'Updates since start' }) added!: number;
  @ApiPropertyOptional({ description: 'Publish time of the oldest, epoch ms' }) oldest?: number;
}

export class ReadStats {
  @ApiProperty() l1!: number;
  @ApiProperty() l2!: number;
  @ApiProperty() l3!: number;
  @ApiProperty() l4!: number;
  @ApiProperty() failed!: number;
  @ApiProperty({ description: "Reads that shared another reader's vendor call" }) joined!: number;
}

export class CacheStats {
  @ApiProperty({ description: 'Instruments with a value in memory' }) values!: number;
  @ApiProperty({ type: RecentStats }) recent!: RecentStats;
  @ApiProperty({ type: ReadStats, description: 'REST reads by the layer that answered' }) reads!: ReadStats;
}

export class ClearedAnswer {
  @ApiProperty() cleared!: number;
}

@ApiTags('cache')
@Controller({ path: 'cache', version: '1' })
export class CacheController {
  constructor(
    private readonly recent: RecentUpdates,
    private readonly lastValues: LastValueStore,
    private readonly quotes: QuoteReader,
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
    const values = [...this.lastValues.known()].length;
    return { values, recent: this.recent.stats(), reads: { ...this.quotes.served, joined: this.quotes.joined } };
  }

  @Delete('recent')
  @ApiOperation({ summary: 'Forget the recent updates; quotes are not touched' })
  @ApiOkResponse({ type: ClearedAnswer })
  clear(): ClearedAnswer {
    return { cleared: this.recent.clear() };
  }
}

function allowedBy({ identity }: Caller): (id: InstrumentId) => boolean {
  const { entitlements } = identity.tier;
  return (id) => entitlements.allows(id);
}
