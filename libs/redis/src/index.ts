export * from './redis-connection.js';
export * from './redis.config.js';
