export * from './create-vendors.js';
export * from './define-vendor.js';
export * from './symbol-tables.js';
