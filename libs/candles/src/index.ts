export * from './candle-builder.js';
export * from './candle-series.js';
export * from './trade-reader.js';
