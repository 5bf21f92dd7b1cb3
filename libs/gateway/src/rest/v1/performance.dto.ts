import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601, IsOptional, Matches } from 'class-validator';
import type { Quantiles } from '../metrics.controller.js';
import type { RouteTimes } from '../performance/request-times.js';

export class DateQuery {
  @ApiPropertyOptional({ description: 'Day in UTC; today when absent', format: 'date', example: '2026-11-20' })
  @IsOptional()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'date must be YYYY-MM-DD' })
  @IsISO8601({ strict: true })
  date?: string;
}

class RouteAnswer implements RouteTimes {
  @ApiProperty({ example: 'GET /api/v1/quotes', description: '`none` for paths without a route' }) route!: string;
  @ApiProperty({ type: 'integer' }) requests!: number;
  @ApiProperty({ type: 'integer', description: 'Answered with a status of 400 to 499' }) refused!: number;
  @ApiProperty({ type: 'integer', description: 'Answered with a status of 500 and more' }) failed!: number;
  @ApiProperty({ description: 'Milliseconds', example: 0.4 }) p50!: number;
  @ApiProperty({ description: 'Milliseconds', example: 1.2 }) p95!: number;
  @ApiProperty({ description: 'Milliseconds', example: 3.1 }) p99!: number;
}

export class ReadShares {
  @ApiProperty({ type: 'integer' }) l1!: number;
  @ApiProperty({ type: 'integer' }) l2!: number;
  @ApiProperty({ type: 'integer' }) l3!: number;
  @ApiProperty({ type: 'integer' }) l4!: number;
  @ApiProperty({ type: 'integer' }) failed!: number;
  @ApiProperty({ description: 'Share answered by l1 and l2, 0 to 1', example: 0.98 }) hitRate!: number;
}

class VendorHealth {
  @ApiProperty({ example: 'bse' }) id!: string;
  @ApiProperty({ example: 'connected' }) state!: string;
}

class Connections {
  @ApiProperty({ type: 'integer', description: 'Connected socket clients' }) clients!: number;
  @ApiProperty({ type: 'integer' }) subscriptions!: number;
  @ApiProperty({ type: 'integer', description: 'Bytes waiting for clients in this process' }) bufferedBytes!: number;
}

class QuantilesAnswer implements Quantiles {
  @ApiProperty({ type: 'integer' }) count!: number;
  @ApiProperty({ description: 'Milliseconds, from histogram buckets' }) p50!: number;
  @ApiProperty({ description: 'Milliseconds, from histogram buckets' }) p95!: number;
  @ApiProperty({ description: 'Milliseconds, from histogram buckets' }) p99!: number;
}

export class ProcessFigures {
  @ApiProperty({ format: 'date-time', description: 'Begin of the requests counted: midnight UTC, or the start' })
  since!: string;
  @ApiProperty({ format: 'date-time' }) until!: string;
  @ApiProperty({ type: 'integer' }) requests!: number;
  @ApiProperty({ description: 'Share answered with a status of 400 to 499, 0 to 1' }) refusedShare!: number;
  @ApiProperty({ description: 'Share answered with a status of 500 and more, 0 to 1' }) failedShare!: number;
  @ApiProperty({ type: [RouteAnswer], description: 'Busiest first; streams and long polls are not counted' })
  routes!: RouteAnswer[];
  @ApiProperty({ type: ReadShares, description: 'Reads of one symbol since the start, by the layer that answered' })
  reads!: ReadShares;
  @ApiProperty({ type: [VendorHealth] }) vendors!: VendorHealth[];
  @ApiProperty({ type: Connections }) connections!: Connections;
  @ApiProperty({ type: QuantilesAnswer, description: 'First change of a window to its publication, since the start' })
  windowWait!: QuantilesAnswer;
  @ApiProperty({ type: QuantilesAnswer, description: 'Encoding of one window, since the start' })
  encode!: QuantilesAnswer;
  @ApiProperty({ type: QuantilesAnswer, description: 'Writing of one window to all clients, since the start' })
  fanOut!: QuantilesAnswer;
}

export class PerformanceAnswer {
  @ApiProperty({ format: 'date', example: '2026-11-20' }) date!: string;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'Counts of the day, of the whole fleet where there is Redis',
  })
  counters!: Readonly<Record<string, number>>;
  @ApiPropertyOptional({ type: ProcessFigures, description: 'What this process measures; only today' })
  process?: ProcessFigures;
}
