export { readBhavcopy } from './bse/bse.bhavcopy.js';
export { readScripMaster } from './bse/bse.scrip-master.js';
export * from './create-vendors.js';
export * from './define-vendor.js';
export * from './symbol-tables.js';
export * from './json/inspect-mapping.js';
export { isStream, type JsonMapping, NUMBER_FIELDS, readMapping } from './json/json-mapping.js';
