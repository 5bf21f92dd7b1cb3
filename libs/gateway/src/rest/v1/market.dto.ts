import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { MARKET_PHASES, type MarketPhase } from '#domain';

const EXCHANGE = /^[A-Z][A-Z0-9]{1,9}$/;

export class StatusQuery {
  @ApiPropertyOptional({ description: 'All that are known when absent', example: 'NSE', pattern: EXCHANGE.source })
  @IsOptional()
  @Matches(EXCHANGE)
  exchange?: string;
}

export class CalendarQuery {
  @ApiProperty({ example: 'NSE', pattern: EXCHANGE.source })
  @Matches(EXCHANGE)
  exchange!: string;

  @ApiPropertyOptional({
    type: 'integer',
    description: 'The present one when absent',
    example: 2026,
    minimum: 2000,
    maximum: 2100,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(2000)
  @Max(2100)
  year?: number;
}

export class SessionAnswer {
  @ApiProperty({ description: "By the exchange's clock", example: '2026-11-20' }) date!: string;
  @ApiProperty({ description: 'Quotes may move from here on', example: '2026-11-20T03:30:00.000Z' }) preOpen!: string;
  @ApiProperty({ example: '2026-11-20T03:45:00.000Z' }) open!: string;
  @ApiProperty({ example: '2026-11-20T10:00:00.000Z' }) close!: string;
  @ApiProperty({ description: 'Quotes stand still from here on', example: '2026-11-20T10:30:00.000Z' })
  postClose!: string;
  @ApiPropertyOptional({ description: 'Name of a day with hours of its own', example: 'Muhurat trading' })
  special?: string;
}

export class ExchangeStatus {
  @ApiProperty({ example: 'NSE' }) exchange!: string;
  @ApiProperty({ enum: MARKET_PHASES, example: 'open' }) status!: MarketPhase;
  @ApiProperty({
    description: 'Why, for people: the name of a holiday, `weekend`, `after hours`',
    example: 'trading hours',
  })
  reason!: string;
  @ApiProperty({ example: 'Asia/Kolkata' }) timeZone!: string;
  @ApiProperty({
    description:
      'False when the list of holidays (HOLIDAYS) has none of this year: then every weekday counts as one of trading',
  })
  holidaysKnown!: boolean;
  @ApiPropertyOptional({ type: SessionAnswer, description: 'Trading of the present date; absent when there is none' })
  session?: SessionAnswer;
  @ApiPropertyOptional({ example: '2026-11-23T03:45:00.000Z' }) nextOpen?: string;
  @ApiPropertyOptional({ example: '2026-11-20T10:00:00.000Z' }) nextClose?: string;
}

export class MarketStatusAnswer {
  @ApiProperty({ description: 'ISO 8601 UTC', example: '2026-11-20T06:12:44.120Z' }) serverTime!: string;
  @ApiProperty({ type: [ExchangeStatus] }) exchanges!: ExchangeStatus[];
}

export class HolidayAnswer {
  @ApiProperty({ example: '2026-11-10' }) date!: string;
  @ApiProperty({ example: 'Diwali Balipratipada' }) name!: string;
}

export class CalendarAnswer {
  @ApiProperty({ example: 'NSE' }) exchange!: string;
  @ApiProperty({ type: 'integer', example: 2026 }) year!: number;
  @ApiProperty({ example: 'Asia/Kolkata' }) timeZone!: string;
  @ApiProperty({
    description: 'False when the list of holidays (HOLIDAYS) has none of this year: then only weekends are left out',
  })
  holidaysKnown!: boolean;
  @ApiProperty({ type: [HolidayAnswer] }) holidays!: HolidayAnswer[];
  @ApiProperty({ type: [SessionAnswer], description: 'Days with hours of their own, weekends among them' })
  specialSessions!: SessionAnswer[];
  @ApiProperty({ type: [SessionAnswer], description: 'Every trading day of the year' }) sessions!: SessionAnswer[];
}
