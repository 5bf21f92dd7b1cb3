export * from './redis-connection.js';
export * from './redis-version.js';
export * from './redis.config.js';
