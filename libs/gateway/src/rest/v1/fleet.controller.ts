import { Controller, Get, Inject, NotFoundException, Optional } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { NodeList, type OwnerState } from '#fleet';
import { For } from '../../access/access.js';
import { ApiProblems } from '../problem.js';

export class FleetNodeAnswer {
  @ApiProperty({ example: 'gateway-1-9f3a12bc' }) id!: string;
  @ApiProperty({ enum: ['all', 'ingest', 'edge'] }) role!: string;
  @ApiProperty({
    enum: ['owner', 'unsure', 'alone', 'waiting', 'standby'],
    description:
      'owner talks to the vendors; alone does so without Redis; waiting has stopped for want of it; unsure waits for its word; standby does not',
  })
  state!: OwnerState;
  @ApiProperty({ description: 'When that state began', format: 'date-time' }) since!: string;
  @ApiProperty({ description: 'Connected clients' }) clients!: number;
  @ApiProperty({ description: 'Symbols it wants' }) symbols!: number;
  @ApiProperty({ description: 'Of the program' }) version!: string;
  @ApiProperty({ description: 'When the node that answers has last heard of it', format: 'date-time' })
  heardAt!: string;
}

export class FleetAnswer {
  @ApiProperty({ type: String, nullable: true, description: 'Node that talks to the vendors' }) owner!: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'Grows with every change of the owner' })
  term!: number | null;
  @ApiProperty({ type: String, nullable: true, description: 'In which sequences count' }) epoch!: string | null;
  @ApiProperty({ type: [FleetNodeAnswer] }) nodes!: FleetNodeAnswer[];
}

@ApiTags('fleet')
@For('operator')
@Controller({ path: 'fleet', version: '1' })
export class FleetController {
  constructor(@Optional() @Inject(NodeList) private readonly nodes?: NodeList) {}

  @Get()
  @ApiOperation({ summary: 'The nodes that share the work through Redis; 404 where this one is on its own' })
  @ApiOkResponse({ type: FleetAnswer })
  @ApiProblems(404)
  fleet(): FleetAnswer {
    if (this.nodes === undefined) throw new NotFoundException('This node is on its own: it has no Redis');
    const owner = this.nodes.owner();
    return {
      owner: owner?.id ?? null,
      term: owner?.term ?? null,
      epoch: owner?.epoch ?? null,
      nodes: this.nodes
        .all()
        .toSorted((a, b) => a.id.localeCompare(b.id))
        .map(({ id, role, state, since, clients, symbols, version, heardAt }) => ({
          id,
          role,
          state: state as OwnerState,
          since: new Date(since).toISOString(),
          clients,
          symbols,
          version,
          heardAt: new Date(heardAt).toISOString(),
        })),
    };
  }
}
