import { IsInt, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

/** How the nodes of a fleet share the work; read when Redis is named. All nodes need the same values. */
export class FleetConfig {
  @EnvKey({
    key: 'FLEET_SHARDS',
    description: 'Parts the symbols are divided into; each has a channel and a log of its own in Redis',
  })
  @IsInt()
  @Min(1)
  @Max(1024)
  fleetShards = 32;

  @EnvKey({
    key: 'LEASE_MS',
    unit: 'ms',
    description: 'Time after which another node takes over from one that has stopped answering',
  })
  @IsInt()
  @Min(500)
  @Max(60_000)
  leaseMs = 3000;
}
