export * from './event-loop.js';
export * from './nest-logger.js';
export * from './pino-log.js';
export * from './prom-meter.js';
