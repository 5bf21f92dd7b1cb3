import { IsIn, IsInt, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

const WITHOUT_REDIS = ['auto', 'serve', 'stop'] as const;

/** What an owner does that has lost Redis. */
export type WithoutRedis = (typeof WITHOUT_REDIS)[number];

/** How the nodes of a fleet share the work; read when Redis is named. All nodes need the same values. */
export class FleetConfig {
  @EnvKey({
    key: 'FLEET_SHARDS',
    description: 'Parts the symbols are divided into; each has a channel and a log of its own in Redis',
  })
  @IsInt()
  @Min(1)
  @Max(1024)
  fleetShards = 16;

  @EnvKey({
    key: 'LEASE_MS',
    unit: 'ms',
    description: 'Time after which another node takes over from one that has stopped answering',
  })
  @IsInt()
  @Min(500)
  @Max(60_000)
  leaseMs = 3000;

  @EnvKey({
    key: 'WITHOUT_REDIS',
    description:
      'What the owner does that does not reach Redis for LEASE_MS: serve (goes on calling vendors), stop (calls none until Redis answers) or auto (stop where another node could take over, which it could not where Redis refuses connections; otherwise serve)',
  })
  @IsIn(WITHOUT_REDIS)
  withoutRedis: WithoutRedis = 'auto';
}
