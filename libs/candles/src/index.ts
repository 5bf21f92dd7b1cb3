export * from './candle-builder.js';
export * from './candle-series.js';
export * from './trade-reader.js';
export * from './candle-intervals.js';
export * from './fold-candles.js';
export * from './interval-clock.js';
