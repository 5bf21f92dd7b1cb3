import { Body, Controller, Get, HttpCode, Inject, NotFoundException, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsISO8601, Matches, ValidateIf } from 'class-validator';
import { type ReplayControl, type ReplayProgress, type ReplaySpeed } from '#domain';
import { For } from '../../access/access.js';
import { ApiProblems } from '../problem.js';

/** The recording that runs in place of a vendor; undefined where none does. */
export const REPLAY_CONTROL = Symbol('ReplayControl');

const ACTIONS = ['pause', 'resume', 'seek', 'speed'] as const;
const STATES: readonly ReplayProgress['state'][] = ['loading', 'playing', 'paused', 'ended', 'failed'];

export class ReplayOrder {
  @ApiProperty({ enum: ACTIONS })
  @IsIn(ACTIONS)
  action!: (typeof ACTIONS)[number];

  @ApiPropertyOptional({ description: 'Where to go on: a time of the recording', example: '2026-11-20T10:00:00+05:30' })
  @ValidateIf(({ action }: ReplayOrder) => action === 'seek')
  @IsISO8601({ strict: true })
  @Matches(/T.*(?:Z|[+-]\d\d:\d\d)$/, { message: 'to must be a time with its zone' })
  to!: string;

  @ApiPropertyOptional({
    description: '1 to 1000, or max',
    oneOf: [{ type: 'number' }, { type: 'string' }],
    example: 10,
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @ValidateIf(({ action }: ReplayOrder) => action === 'speed')
  @Matches(/^(?:max|1000|[1-9]\d{0,2}(?:\.\d+)?)$/, { message: 'speed must be 1 to 1000, or max' })
  speed!: string;
}

export class ReplayAnswer {
  @ApiProperty({ example: '2026-11-20' }) recording!: string;
  @ApiProperty({ enum: STATES }) state!: ReplayProgress['state'];
  @ApiProperty({ oneOf: [{ type: 'number' }, { enum: ['max'] }] }) speed!: ReplaySpeed;
  @ApiPropertyOptional({ description: "The recording's clock, ISO 8601 UTC" }) position?: string;
  @ApiProperty({ description: 'Ticks told so far' }) ticks!: number;
  @ApiProperty({ description: 'Times it was begun anew' }) lap!: number;
  @ApiProperty({ description: 'How far behind its clock it is, ms of the recording' }) behindMs!: number;
  @ApiPropertyOptional() error?: string;
}

@ApiTags('replay')
@Controller({ path: 'replay', version: '1' })
export class ReplayController {
  constructor(@Inject(REPLAY_CONTROL) private readonly control: ReplayControl | undefined) {}

  @Get()
  @ApiOperation({ summary: 'Where the replay of a recorded day is' })
  @ApiOkResponse({ type: ReplayAnswer })
  @ApiProblems(404)
  read(): ReplayAnswer {
    return answerOf(this.running().progress());
  }

  @Post()
  @HttpCode(200)
  @For('operator')
  @ApiOperation({ summary: 'Pauses a replay, resumes it, goes to another time, or changes its speed' })
  @ApiOkResponse({ type: ReplayAnswer })
  @ApiProblems(400, 404)
  lead(@Body() { action, to, speed }: ReplayOrder): ReplayAnswer {
    const control = this.running();
    if (action === 'pause') control.pause();
    else if (action === 'resume') control.resume();
    else if (action === 'seek') control.seek(Date.parse(to));
    else control.setSpeed(speed === 'max' ? speed : Number(speed));
    return answerOf(control.progress());
  }

  private running(): ReplayControl {
    if (this.control === undefined) throw new NotFoundException('No recorded day is being replayed here');
    return this.control;
  }
}

function answerOf({ position, error, ...progress }: ReplayProgress): ReplayAnswer {
  return {
    ...progress,
    ...(position !== undefined && { position: new Date(position).toISOString() }),
    ...(error !== undefined && { error }),
  };
}
