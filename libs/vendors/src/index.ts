export * from './create-vendors.js';
export * from './define-vendor.js';
