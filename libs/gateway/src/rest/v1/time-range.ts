import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { type EpochMs, type ExchangeCalendar, InvalidMessageError, TIME_FORMS, TimeReader } from '#domain';

/** A stretch of time as people write it. */
export class TimeRangeQuery {
  @ApiPropertyOptional({ description: `Where to begin: ${TIME_FORMS}`, example: '2026-11-20', maxLength: 40 })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  from?: string;

  @ApiPropertyOptional({
    description: 'Where to end, in the same forms; a time is not included, a date is',
    example: '2026-11-20T15:30',
    maxLength: 40,
  })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  to?: string;

  @ApiPropertyOptional({
    description:
      'One whole day instead of `from` and `to`: 2026-11-20, today or yesterday, which is the last trading day before today',
    example: 'yesterday',
    maxLength: 10,
  })
  @IsOptional()
  @IsString()
  @MaxLength(10)
  date?: string;
}

export interface OpenRange {
  readonly from: EpochMs | undefined;
  /** Not included. */
  readonly to: EpochMs | undefined;
}

/** Reads a range by an exchange's clock. @throws InvalidMessageError naming what cannot be read */
export function readRange(
  query: TimeRangeQuery,
  calendar: ExchangeCalendar,
  exchange: string,
  now: EpochMs,
): OpenRange {
  const reader = new TimeReader(calendar, exchange, now);
  const { from, to, date } = query;
  if (date !== undefined) {
    if (from !== undefined || to !== undefined) throw new InvalidMessageError('date stands instead of from and to');
    const day = reader.date(date);
    if (day === undefined) throw new InvalidMessageError('date must be one like 2026-11-20, today or yesterday');
    return day;
  }
  const range = {
    from: from === undefined ? undefined : understood('from', reader.start(from)),
    to: to === undefined ? undefined : understood('to', reader.end(to)),
  };
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to)
    throw new InvalidMessageError('from must be before to');
  return range;
}

function understood(name: string, at: EpochMs | undefined): EpochMs {
  if (at === undefined) throw new InvalidMessageError(`${name} must be ${TIME_FORMS}`);
  return at;
}
