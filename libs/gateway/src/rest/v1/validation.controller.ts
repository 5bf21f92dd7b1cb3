import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Accuracy, type AccuracyReport, Rejections, Validation } from '#fetcher';
import { For } from '../../access/access.js';
import { ApiProblems } from '../problem.js';
import { TierAnswer, TierChoice, ValidationAnswer } from './validation.dto.js';

const SHOWN = 100;

@ApiTags('validation')
@For('operator')
@Controller({ path: 'validation', version: '1' })
export class ValidationController {
  constructor(
    private readonly rejections: Rejections,
    private readonly accuracy: Accuracy,
    private readonly validation: Validation,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'How accurate ticks have been, and the last ones that were refused or corrected, with the reasons',
  })
  @ApiOkResponse({ type: ValidationAnswer })
  recent(): ValidationAnswer {
    return {
      accuracy: {
        vendors: this.accuracy.ofVendors().map((report) => ({ vendor: report.key, ...shares(report) })),
        symbols: this.accuracy.ofInstruments(SHOWN).map((report) => ({ symbol: report.key, ...shares(report) })),
      },
      tiers: this.validation.tiers().slice(0, SHOWN),
      rejections: this.rejections.recent(SHOWN),
      corrections: this.rejections.recentCorrections(SHOWN),
    };
  }

  @Get('tiers/:symbol')
  @ApiOperation({ summary: 'Which checks the ticks of a symbol go through, and why' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: TierAnswer })
  @ApiProblems(404)
  tier(@Param('symbol') symbol: string): TierAnswer {
    return this.validation.tier(symbol);
  }

  @Put('tiers/:symbol')
  @ApiOperation({ summary: 'Puts a symbol into a tier, at once and until the server restarts' })
  @ApiParam({ name: 'symbol', example: 'NSE:RELIANCE' })
  @ApiOkResponse({ type: TierAnswer })
  @ApiProblems(400, 404)
  assign(@Param('symbol') symbol: string, @Body() { tier }: TierChoice): TierAnswer {
    return this.validation.assign(symbol, tier === 'auto' ? undefined : tier);
  }
}

function shares({ accuracy, accepted, refused, strict }: AccuracyReport<string>): Omit<AccuracyReport<string>, 'key'> {
  return { accuracy, accepted, refused, strict };
}
