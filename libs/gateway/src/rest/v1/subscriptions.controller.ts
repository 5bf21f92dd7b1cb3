import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Hub } from '#subscription';
import { For } from '../../access/access.js';

export class SubscriptionAnswer {
  @ApiProperty({ example: 'NSE:RELIANCE' }) symbol!: string;
  @ApiProperty({ description: 'Clients subscribed to it' }) clients!: number;
}

export class SubscriptionsAnswer {
  @ApiProperty({ description: 'Connected clients' }) clients!: number;
  @ApiProperty({ description: 'Subscriptions of all clients together' }) subscriptions!: number;
  @ApiProperty({ type: [SubscriptionAnswer] }) symbols!: SubscriptionAnswer[];
}

@ApiTags('subscriptions')
@For('operator')
@Controller({ path: 'subscriptions', version: '1' })
export class SubscriptionsController {
  constructor(private readonly hub: Hub) {}

  @Get()
  @ApiOperation({ summary: 'What socket clients are subscribed to, most wanted first' })
  @ApiOkResponse({ type: SubscriptionsAnswer })
  list(): SubscriptionsAnswer {
    const { subscriptions, clients } = this.hub;
    const symbols = [...subscriptions.wanted()].map((symbol) => ({ symbol, clients: subscriptions.count(symbol) }));
    symbols.sort((a, b) => b.clients - a.clients || a.symbol.localeCompare(b.symbol));
    return { clients: clients.size, subscriptions: subscriptions.size, symbols };
  }
}
