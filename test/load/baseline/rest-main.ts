import 'reflect-metadata';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';

const redis = new Redis(Number(process.env['REDIS_PORT']), '127.0.0.1');

/** Quotes as a plain controller gives them: each request reads the JSON of its symbols from Redis. */
@Controller('quotes')
class QuotesController {
  @Get()
  async find(@Query('symbols') symbols: string): Promise<{ quotes: unknown[] }> {
    const keys = symbols.split(',').map((symbol) => `stock:quote:${symbol}`);
    const texts = keys.length === 1 ? [await redis.get(keys[0] as string)] : await redis.mget(keys);
    return { quotes: texts.map((text) => JSON.parse(text ?? 'null') as unknown) };
  }
}

@Controller('health')
class HealthController {
  @Get('ready')
  ready(): { status: string } {
    return { status: 'ok' };
  }
}

@Module({ controllers: [QuotesController, HealthController] })
class RestModule {}

const app = await NestFactory.create(RestModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT']), '127.0.0.1');
