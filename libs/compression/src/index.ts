export * from './compact-layout.js';
export * from './compact-reader.js';
export * from './encoding.js';
export * from './compression.module.js';
export * from './encodings.js';
export * from './json-text.js';
export * from './ws-frame.js';
