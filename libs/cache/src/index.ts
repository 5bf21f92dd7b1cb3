export * from './cache.module.js';
export * from './last-value.store.js';
export * from './quote-cache.js';
export * from './quote-reader.js';
export * from './quote-state.js';
export * from './recent-updates.js';
export * from './replay-buffer.js';
export * from './single-flight.js';
