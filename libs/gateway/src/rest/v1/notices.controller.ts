import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { MAX_NOTICE_LENGTH, NOTICE_LEVELS, type NoticeLevel, NoticeMessage } from '#protocol';
import { For } from '../../access/access.js';
import { NodeBus } from '../../socket-io/node-bus.js';
import { ApiProblems } from '../problem.js';

export class NoticeBody extends NoticeMessage {
  @ApiProperty({ example: 'Maintenance at 18:00', minLength: 1, maxLength: MAX_NOTICE_LENGTH })
  declare message: string;

  @ApiProperty({ enum: NOTICE_LEVELS, default: 'info' })
  declare level: NoticeLevel;
}

export class NoticeAnswer {
  @ApiProperty({ description: 'Clients of this node that were told; other nodes tell theirs' }) clients!: number;
}

@ApiTags('notices')
@For('operator')
@Controller({ path: 'notices', version: '1' })
export class NoticesController {
  constructor(private readonly bus: NodeBus) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Tells every client of every node something, as a `notice` message' })
  @ApiOkResponse({ type: NoticeAnswer })
  @ApiProblems(400)
  tell(@Body() notice: NoticeBody): NoticeAnswer {
    return { clients: this.bus.notify(notice) };
  }
}
