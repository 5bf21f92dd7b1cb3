import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Control, Pauses } from '#fetcher';
import { ALL_SYMBOLS, CONTROL_ACTIONS, type ControlAction, type ControlDone, ControlMessage } from '#protocol';
import { For } from '../../access/access.js';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { ApiProblems } from '../problem.js';

export class ControlBody extends ControlMessage {
  @ApiProperty({ enum: CONTROL_ACTIONS })
  declare action: ControlAction;

  @ApiProperty({
    oneOf: [{ type: 'array', items: { type: 'string' } }, { enum: [ALL_SYMBOLS] }],
    description: 'Symbols, or "all"',
    example: ['NSE:RELIANCE'],
  })
  declare symbols: string[];
}

export class ControlAnswer implements ControlDone {
  @ApiProperty({ enum: CONTROL_ACTIONS }) action!: ControlAction;
  @ApiProperty({ type: [String], description: '"all" alone for every symbol' }) symbols!: readonly string[];
  @ApiPropertyOptional({ type: [String], description: 'Symbols of a refresh that no vendor can be asked for now' })
  unasked?: readonly string[];
  @ApiPropertyOptional() id?: string;
  @ApiPropertyOptional({ description: 'Who ordered it' }) by?: string;
  @ApiProperty({ description: 'Epoch ms' }) timestamp!: number;
}

export class PausedAnswer {
  @ApiProperty({ description: 'Whether every symbol is paused' }) all!: boolean;
  @ApiProperty({ type: [String], description: 'Symbols that are paused by name' }) symbols!: string[];
}

@ApiTags('control')
@For('operator')
@Controller({ path: 'control', version: '1' })
export class ControlController {
  constructor(
    private readonly control: Control,
    private readonly pauses: Pauses,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What is paused' })
  @ApiOkResponse({ type: PausedAnswer })
  paused(): PausedAnswer {
    const { areAll, symbols } = this.pauses;
    return { all: areAll, symbols: [...symbols].filter((symbol) => symbol !== ALL_SYMBOLS).toSorted() };
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Stops the prices of symbols, lets them in again, or asks their vendors now' })
  @ApiOkResponse({ type: ControlAnswer })
  @ApiProblems(400, 404, 502)
  async order(@Body() order: ControlBody, @From() { identity }: Caller): Promise<ControlAnswer> {
    return await this.control.order({ ...order, by: identity.subject ?? order.by });
  }
}
