import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

/** Whether ticks are written down, where, and for how long. */
export class HistoryConfig {
  @EnvKey({
    key: 'HISTORY',
    description:
      'off, embedded (in HISTORY_DIR) or server (CLICKHOUSE_URL); auto: server when one is named, else embedded where its engine is installed',
  })
  @IsIn(['auto', 'off', 'embedded', 'server'])
  history: 'auto' | 'off' | 'embedded' | 'server' = 'auto';

  @EnvKey({ key: 'HISTORY_DIR', description: 'Folder of the embedded engine, and of what waits for either engine' })
  @IsString()
  historyDir = '.tickwire/history';

  @EnvKey({ key: 'CLICKHOUSE_URL', description: 'A ClickHouse server: http://host:8123, or https:// for TLS' })
  @IsOptional()
  @Matches(/^https?:\/\/[^\s@/]+\/?$/, { message: 'must be like http://host:8123, without user and password' })
  clickhouseUrl?: string = undefined;

  @EnvKey({ key: 'CLICKHOUSE_USERNAME', description: 'User of the ClickHouse server' })
  @IsString()
  clickhouseUsername = 'default';

  @EnvKey({ key: 'CLICKHOUSE_PASSWORD', description: 'Password of that user', secret: true })
  @IsString()
  clickhousePassword = '';

  @EnvKey({ key: 'HISTORY_TICKS_DAYS', unit: 'days', description: 'How long ticks are kept; 0 for ever' })
  @IsInt()
  @Min(0)
  @Max(36_500)
  historyTicksDays = 0;

  @EnvKey({ key: 'HISTORY_CANDLES_DAYS', unit: 'days', description: 'How long candles are kept; 0 for ever' })
  @IsInt()
  @Min(0)
  @Max(36_500)
  historyCandlesDays = 0;

  @EnvKey({ key: 'HISTORY_FLUSH_MS', unit: 'ms', description: 'How long a tick waits at most until it is written' })
  @IsInt()
  @Min(20)
  @Max(1000)
  historyFlushMs = 500;

  @EnvKey({
    key: 'HISTORY_BUFFER_BYTES',
    unit: 'bytes',
    description:
      'Ticks held in memory while the engine is slow or away; about 140 bytes each. What is more goes to a file',
  })
  @IsInt()
  @Min(1_048_576)
  historyBufferBytes = 33_554_432;

  @EnvKey({
    key: 'HISTORY_SPILL_BYTES',
    unit: 'bytes',
    description: 'Size of that file at most; ticks beyond it are counted and lost',
  })
  @IsInt()
  @Min(0)
  historySpillBytes = 1_073_741_824;

  @EnvKey({ key: 'HISTORY_MEMORY_BYTES', unit: 'bytes', description: 'Memory of the embedded engine' })
  @IsInt()
  @Min(134_217_728)
  historyMemoryBytes = 805_306_368;

  @EnvKey({ key: 'HISTORY_THREADS', description: 'Threads one statement of the embedded engine may use' })
  @IsInt()
  @Min(1)
  @Max(64)
  historyThreads = 2;
}
