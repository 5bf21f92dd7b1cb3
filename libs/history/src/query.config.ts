import { IsInt, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

/** What a client's own query may cost. */
export class QueryConfig {
  @EnvKey({ key: 'QUERY_MAX_MS', unit: 'ms', description: 'Run time of a query' })
  @IsInt()
  @Min(100)
  @Max(600_000)
  queryMaxMs = 10_000;

  @EnvKey({ key: 'QUERY_MAX_ROWS', description: 'Rows of its answer' })
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  queryMaxRows = 100_000;

  @EnvKey({ key: 'QUERY_MAX_BYTES', unit: 'bytes', description: 'Size of its answer' })
  @IsInt()
  @Min(1024)
  queryMaxBytes = 33_554_432;

  @EnvKey({ key: 'QUERY_MAX_MEMORY_BYTES', unit: 'bytes', description: 'Memory a query may take in the engine' })
  @IsInt()
  @Min(1_048_576)
  queryMaxMemoryBytes = 268_435_456;

  @EnvKey({ key: 'QUERY_MAX_READ_ROWS', description: 'Rows a query may read in the tables' })
  @IsInt()
  @Min(1)
  queryMaxReadRows = 250_000_000;

  @EnvKey({ key: 'QUERY_MAX_READ_BYTES', unit: 'bytes', description: 'What it may read there, unpacked' })
  @IsInt()
  @Min(1024)
  queryMaxReadBytes = 34_359_738_368;

  @EnvKey({ key: 'QUERY_MAX_THREADS', description: 'Threads of the engine a query may use' })
  @IsInt()
  @Min(1)
  @Max(64)
  queryMaxThreads = 2;

  @EnvKey({ key: 'QUERY_CONCURRENCY', description: 'Queries that run at one time; 0 turns them off' })
  @IsInt()
  @Min(0)
  @Max(100)
  queryConcurrency = 2;
}
