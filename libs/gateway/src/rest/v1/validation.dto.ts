import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { VALIDATION_TIERS, type ValidationTier } from '#fetcher';

const TIER_CHOICES = [...VALIDATION_TIERS, 'auto'] as const;

export class TierChoice {
  @ApiProperty({ enum: TIER_CHOICES, description: 'auto: by the settings and demand' })
  @IsIn(TIER_CHOICES)
  tier!: (typeof TIER_CHOICES)[number];
}

export class TierAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ enum: VALIDATION_TIERS, description: 'Which checks its ticks go through' }) tier!: ValidationTier;
  @ApiPropertyOptional({ enum: VALIDATION_TIERS, description: 'Tier it was put in by hand' })
  assigned?: ValidationTier | undefined;
  @ApiProperty({ description: 'One tier stricter than it would be, for too many of its ticks were wrong' })
  strict!: boolean;
}

class AccuracyShares {
  @ApiProperty({ example: 0.9991, description: 'Share of good ticks in the last 15 minutes, 0 to 1' })
  accuracy!: number;
  @ApiProperty({ description: 'Ticks merged in that time' }) accepted!: number;
  @ApiProperty({ description: 'Ticks refused or corrected in that time, as a whole or in part' }) refused!: number;
  @ApiProperty({ description: 'Whether checks are one tier stricter because of it' }) strict!: boolean;
}

export class VendorAccuracy extends AccuracyShares {
  @ApiProperty({ example: 'bse' }) vendor!: string;
}

export class SymbolAccuracy extends AccuracyShares {
  @ApiProperty({ example: 'BSE:500325' }) symbol!: string;
}

export class AccuracyAnswer {
  @ApiProperty({ type: [VendorAccuracy], description: 'Worst first' }) vendors!: VendorAccuracy[];
  @ApiProperty({ type: [SymbolAccuracy], description: 'Worst first, at most 100' }) symbols!: SymbolAccuracy[];
}

export class RejectionAnswer {
  @ApiProperty({ description: 'Epoch ms' }) at!: number;
  @ApiProperty({ example: 'bse' }) vendor!: string;
  @ApiProperty({ example: 'circuit' }) reason!: string;
  @ApiPropertyOptional({ example: 'BSE:500325' }) instrument?: string;
  @ApiPropertyOptional() price?: number;
  @ApiPropertyOptional({ description: 'Beginning of a malformed frame' }) sample?: string;
}

export class CorrectionAnswer {
  @ApiProperty({ description: 'Epoch ms' }) at!: number;
  @ApiProperty({ example: 'BSE:500325' }) instrument!: string;
  @ApiProperty({ description: 'Vendor whose price was not served', example: 'json' }) vendor!: string;
  @ApiProperty({ description: 'That price' }) price!: number;
  @ApiProperty({ description: 'Vendor whose price was served instead', example: 'bse' }) source!: string;
  @ApiProperty({ description: 'That price' }) served!: number;
}

export class ValidationAnswer {
  @ApiProperty({ type: AccuracyAnswer }) accuracy!: AccuracyAnswer;
  @ApiProperty({ type: [TierAnswer], description: 'Symbols that are not in the normal tier, at most 100' })
  tiers!: TierAnswer[];
  @ApiProperty({ type: [RejectionAnswer], description: 'Newest first' }) rejections!: RejectionAnswer[];
  @ApiProperty({ type: [CorrectionAnswer], description: 'Newest first' }) corrections!: CorrectionAnswer[];
}
