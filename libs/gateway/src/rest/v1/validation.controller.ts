import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Rejections } from '#fetcher';

export class RejectionAnswer {
  @ApiProperty({ description: 'Epoch ms' }) at!: number;
  @ApiProperty({ example: 'bse' }) vendor!: string;
  @ApiProperty({ example: 'circuit' }) reason!: string;
  @ApiPropertyOptional({ example: 'BSE:500325' }) instrument?: string;
  @ApiPropertyOptional() price?: number;
  @ApiPropertyOptional({ description: 'Beginning of a malformed frame' }) sample?: string;
}

export class ValidationAnswer {
  @ApiProperty({ type: [RejectionAnswer], description: 'Newest first' }) rejections!: RejectionAnswer[];
}

const SHOWN = 100;

@ApiTags('validation')
@Controller({ path: 'validation', version: '1' })
export class ValidationController {
  constructor(private readonly rejections: Rejections) {}

  @Get()
  @ApiOperation({ summary: 'The last ticks and frames that were refused, and why' })
  @ApiOkResponse({ type: ValidationAnswer })
  recent(): ValidationAnswer {
    return { rejections: this.rejections.recent(SHOWN) };
  }
}
