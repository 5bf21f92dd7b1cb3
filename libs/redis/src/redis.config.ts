import { IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

const HOST_PORT = /^[^\s:,]+:\d{1,5}$/;

/** Where Redis is. Without any of it the server runs on its own. */
export class RedisConfig {
  @EnvKey({
    key: 'REDIS_URL',
    description: 'One Redis: redis://user:password@host:6379/0, or rediss:// for TLS',
    secret: true,
  })
  @IsOptional()
  @Matches(/^rediss?:\/\/\S+$/, { message: 'must begin with redis:// or rediss://' })
  redisUrl?: string = undefined;

  @EnvKey({
    key: 'REDIS_SENTINELS',
    description: 'Sentinels instead of one Redis, comma-separated: host:26379,host:26379',
  })
  @IsArray()
  @Matches(HOST_PORT, { each: true })
  redisSentinels: string[] = [];

  @EnvKey({ key: 'REDIS_SENTINEL_NAME', description: 'Name of the master the sentinels watch' })
  @IsString()
  redisSentinelName = 'mymaster';

  @EnvKey({ key: 'REDIS_CLUSTER', description: 'Nodes of a Redis Cluster, comma-separated: host:6379,host:6379' })
  @IsArray()
  @Matches(HOST_PORT, { each: true })
  redisCluster: string[] = [];

  @EnvKey({ key: 'REDIS_USERNAME', description: 'User of Sentinel-watched or Cluster nodes' })
  @IsOptional()
  @IsString()
  redisUsername?: string = undefined;

  @EnvKey({ key: 'REDIS_PASSWORD', description: 'Password of Sentinel-watched or Cluster nodes', secret: true })
  @IsOptional()
  @IsString()
  redisPassword?: string = undefined;

  @EnvKey({ key: 'REDIS_SENTINEL_PASSWORD', description: 'Password of the sentinels themselves', secret: true })
  @IsOptional()
  @IsString()
  redisSentinelPassword?: string = undefined;

  @EnvKey({ key: 'REDIS_TLS', description: 'Whether Sentinel-watched or Cluster nodes speak TLS' })
  @IsBoolean()
  redisTls = false;

  @EnvKey({
    key: 'REDIS_TIMEOUT_MS',
    unit: 'ms',
    description: 'A command without an answer for this long has failed, and a Redis that answers none is away',
  })
  @IsInt()
  @Min(50)
  @Max(60_000)
  redisTimeoutMs = 1000;

  @EnvKey({
    key: 'ROLE',
    description:
      'Part of this node in a fleet: all, ingest (talks to vendors, serves no clients) or edge (the reverse)',
  })
  @IsIn(['all', 'ingest', 'edge'])
  role = 'all';
}

/** Whether the settings name a Redis at all. */
export function hasRedis({ redisUrl, redisSentinels, redisCluster }: RedisConfig): boolean {
  return redisUrl !== undefined || redisSentinels.length > 0 || redisCluster.length > 0;
}
