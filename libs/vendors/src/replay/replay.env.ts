import { IsArray, IsBoolean, IsOptional, IsString, IsTimeZone, Matches } from 'class-validator';
import { EnvKey } from '#domain';

const TIME = /^\d\d:\d\d(?::\d\d)?$/;
const SYMBOL = /^[A-Z][A-Z0-9]{1,9}:[A-Z0-9][A-Z0-9&._-]{0,31}$/;

export class ReplayEnv {
  @EnvKey({ key: 'REPLAY_DATE', description: 'Recorded day to replay: 2026-11-20, today or yesterday' })
  @IsOptional()
  @Matches(/^(?:\d{4}-\d\d-\d\d|today|yesterday)$/)
  date: string | undefined = undefined;

  @EnvKey({
    key: 'REPLAY_FILE',
    description: 'File to replay instead: CSV, gzipped CSV or Parquet, as export writes it',
  })
  @IsOptional()
  @IsString()
  file: string | undefined = undefined;

  @EnvKey({
    key: 'REPLAY_URL',
    description: 'Running server to ask for the day, where this one has no history of its own',
  })
  @IsOptional()
  @Matches(/^https?:\/\//)
  url: string | undefined = undefined;

  @EnvKey({ key: 'REPLAY_SYMBOLS', description: 'Symbols to replay, comma-separated; empty for all' })
  @IsArray()
  @Matches(SYMBOL, { each: true })
  symbols: string[] = [];

  @EnvKey({ key: 'REPLAY_FROM', description: 'Time of the day to begin at: 09:15' })
  @IsOptional()
  @Matches(TIME)
  from: string | undefined = undefined;

  @EnvKey({ key: 'REPLAY_TO', description: 'Time of the day to end before: 15:30' })
  @IsOptional()
  @Matches(TIME)
  to: string | undefined = undefined;

  @EnvKey({ key: 'REPLAY_TIMEZONE', description: 'Time zone of day and times' })
  @IsTimeZone()
  timeZone = 'Asia/Kolkata';

  @EnvKey({ key: 'REPLAY_SPEED', description: 'Times as fast as it was recorded: 1 to 1000, or max' })
  @Matches(/^(?:max|1000|[1-9]\d{0,2}(?:\.\d+)?)$/)
  speed = '1';

  @EnvKey({ key: 'REPLAY_LOOP', description: 'Whether the end is followed by the beginning' })
  @IsBoolean()
  loop = false;
}
