import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import type { Server, ServerOptions } from 'socket.io';
import { BaselineModule } from './baseline.module.js';

const { PORT, REDIS_PORT } = process.env;

/** Several servers as the Nest documentation joins them: room emits go to the others through Redis. */
class RedisIoAdapter extends IoAdapter {
  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, options) as Server;
    const clients = [new Redis(Number(REDIS_PORT), '127.0.0.1'), new Redis(Number(REDIS_PORT), '127.0.0.1')];
    server.adapter(createAdapter(clients[0], clients[1]));
    return server;
  }
}

const app = await NestFactory.create(BaselineModule, { logger: ['error', 'warn'] });
if (REDIS_PORT !== undefined) app.useWebSocketAdapter(new RedisIoAdapter(app));
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
