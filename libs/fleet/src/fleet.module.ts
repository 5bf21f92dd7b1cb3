import { type DynamicModule, Module } from '@nestjs/common';
import { RedisConnection } from '#redis';
import { CarriedList } from './carried-list.js';
import type { Fleet } from './create-fleet.js';
import { DemandBoard } from './demand-board.js';
import { FleetKeys } from './fleet-keys.js';
import { NodeList } from './node-list.js';
import { Ownership } from './ownership.js';
import { SelfReport } from './self-report.js';

/** One owner, many nodes: the parts of a fleet for whom needs them. */
@Module({})
export class FleetModule {
  static register(fleet: Fleet): DynamicModule {
    const providers = [
      { provide: RedisConnection, useValue: fleet.redis },
      { provide: FleetKeys, useValue: fleet.keys },
      { provide: Ownership, useValue: fleet.ownership },
      { provide: NodeList, useValue: fleet.nodes },
      { provide: SelfReport, useValue: fleet.self },
      { provide: DemandBoard, useValue: fleet.board },
      { provide: CarriedList, useValue: fleet.carried },
    ];
    return { module: FleetModule, global: true, providers, exports: providers };
  }
}
