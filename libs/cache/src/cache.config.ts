import { IsInt, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

/** How long the caches keep what, and how much they may take to be ready. */
export class CacheConfig {
  @EnvKey({
    key: 'CACHE_L1_TTL_MS',
    unit: 'ms',
    description: 'A quote this young is served to REST readers without asking anybody',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  l1TtlMs = 2000;

  @EnvKey({ key: 'CACHE_L2_TTL_MS', unit: 'ms', description: 'How long Redis keeps a quote that nobody confirms' })
  @IsInt()
  @Min(1000)
  @Max(86_400_000)
  l2TtlMs = 300_000;

  @EnvKey({
    key: 'CACHE_L2_TIMEOUT_MS',
    unit: 'ms',
    description: 'What a REST reader waits for Redis; then a second long nobody asks it',
  })
  @IsInt()
  @Min(1)
  @Max(5000)
  l2TimeoutMs = 50;

  @EnvKey({
    key: 'CACHE_FAILURE_TTL_MS',
    unit: 'ms',
    description: 'How long a failed read is remembered, so that it does not become a vendor call per request',
  })
  @IsInt()
  @Min(0)
  @Max(60_000)
  failureTtlMs = 2000;

  @EnvKey({
    key: 'MIRROR_MS',
    unit: 'ms',
    description: 'Last values are written to Redis at most this often each; 0 for never',
  })
  @IsInt()
  @Min(0)
  @Max(60_000)
  mirrorMs = 1000;

  @EnvKey({
    key: 'WARM_TIMEOUT_MS',
    unit: 'ms',
    description: 'How long readiness waits for the first values of the ESSENTIAL symbols',
  })
  @IsInt()
  @Min(0)
  @Max(300_000)
  warmTimeoutMs = 10_000;
}
