export * from './channels.js';
export * from './client-messages.js';
export * from './close-reason.js';
export * from './limits.js';
export * from './messages.js';
export * from './symbol-limits.js';
