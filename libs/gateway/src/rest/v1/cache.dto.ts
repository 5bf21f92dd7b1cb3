import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { Layer } from '#cache';
import type { QuoteStatus } from '#protocol';
import { QuoteAnswer, SymbolError } from './quotes.dto.js';

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

/** A quote as it was published. */
export class RecentQuote extends OmitType(QuoteAnswer, ['age', 'layer', 'status']) {
  @ApiPropertyOptional({ description: 'Milliseconds since a vendor last confirmed the value; only of a stale one' })
  age?: number;
}

export class RecentUpdateAnswer {
  @ApiProperty() seq!: number;
  @ApiProperty({ description: 'When it was published, epoch ms' }) publishedAt!: number;
  @ApiProperty({ type: RecentQuote }) quote!: RecentQuote;
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

export class CorruptCounts {
  @ApiProperty({ description: 'No JSON of ours' }) unreadable!: number;
  @ApiProperty({ description: 'Written by another version' }) version!: number;
  @ApiProperty({ description: 'Damaged' }) checksum!: number;
  @ApiProperty({ description: 'Not a quote, or of another symbol' }) shape!: number;
}

export class SharedCacheAnswer {
  @ApiProperty() hits!: number;
  @ApiProperty() misses!: number;
  @ApiProperty({ description: 'Commands that failed or were too late' }) errors!: number;
  @ApiProperty({ type: CorruptCounts, description: 'Entries that were dropped, by reason' }) corrupt!: CorruptCounts;
  @ApiProperty({ description: 'Of the last look-ups' }) p50Ms!: number;
  @ApiProperty() p99Ms!: number;
}

export class MirrorAnswer {
  @ApiProperty({ description: 'Last values written to Redis since start' }) written!: number;
  @ApiProperty({ description: 'Values that wait to be written' }) pending!: number;
  @ApiProperty({ description: 'Values Redis did not take' }) failed!: number;
  @ApiProperty({ description: 'Age of the oldest change when it was last written' }) lagMs!: number;
}

export class CacheStats {
  @ApiProperty({ description: 'Instruments with a value in memory' }) values!: number;
  @ApiProperty({ type: RecentStats }) recent!: RecentStats;
  @ApiProperty({ type: ReadStats, description: 'REST reads by the layer that answered' }) reads!: ReadStats;
  @ApiProperty({ description: 'Failed reads that are remembered now' }) negativeEntries!: number;
  @ApiPropertyOptional({ type: SharedCacheAnswer, description: 'Reads of Redis; absent without one' })
  shared?: SharedCacheAnswer;
  @ApiPropertyOptional({ type: MirrorAnswer, description: 'Writes of last values to Redis; absent without one' })
  mirror?: MirrorAnswer;
}

export class LoadedQuote {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ enum: ['l1', 'l2', 'l3', 'l4'] }) layer!: Layer;
  @ApiProperty({ enum: ['live', 'delayed', 'stale', 'halted', 'closed'] }) status!: QuoteStatus;
  @ApiProperty({ description: 'Milliseconds since a vendor last confirmed the value' }) age!: number;
}

export class LoadedAnswer {
  @ApiProperty({ type: [LoadedQuote] }) loaded!: LoadedQuote[];
  @ApiProperty({ type: [SymbolError] }) errors!: SymbolError[];
}

export class ClearedAnswer {
  @ApiProperty() cleared!: number;
}
