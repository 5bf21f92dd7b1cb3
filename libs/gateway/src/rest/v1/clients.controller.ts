import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { For } from '../../access/access.js';
import { Leaver, NodeBus } from '../../socket-io/node-bus.js';
import { ApiProblems } from '../problem.js';

export class DisconnectBody extends Leaver {
  @ApiPropertyOptional({ description: 'Id of one connection, as its `connected` message had it' })
  declare clientId?: string;

  @ApiPropertyOptional({ description: 'All connections of a user', example: 'token:alice' })
  declare subject?: string;
}

export class DisconnectAnswer {
  @ApiProperty({ description: 'Connections that were ended, on all nodes that answered' }) ended!: number;
}

@ApiTags('clients')
@For('operator')
@Controller({ path: 'clients', version: '1' })
export class ClientsController {
  constructor(private readonly bus: NodeBus) {}

  @Post('disconnect')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ends connections with DISCONNECTED, on whichever node they are; exactly one of the two' })
  @ApiOkResponse({ type: DisconnectAnswer })
  @ApiProblems(400)
  async disconnect(@Body() leaver: DisconnectBody): Promise<DisconnectAnswer> {
    return { ended: await this.bus.disconnect(leaver) };
  }
}
