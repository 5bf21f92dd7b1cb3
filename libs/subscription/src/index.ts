export * from './channels/index.js';
export * from './client.js';
export * from './conflator.js';
export * from './hub.js';
export * from './subscription.js';
export * from './subscription.module.js';
export * from './subscriptions.js';
export * from './wire.js';
