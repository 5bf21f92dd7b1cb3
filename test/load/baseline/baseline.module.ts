import { Controller, Get, Module } from '@nestjs/common';
import { QuotesGateway } from './quotes.gateway.js';

@Controller('health')
class HealthController {
  @Get('ready')
  ready(): { status: string } {
    return { status: 'ok' };
  }
}

@Module({ controllers: [HealthController], providers: [QuotesGateway] })
export class BaselineModule {}
