import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BaselineModule } from './baseline.module.js';

const app = await NestFactory.create(BaselineModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT']), '127.0.0.1');
