export * from './book-of.js';
export * from './channels.js';
