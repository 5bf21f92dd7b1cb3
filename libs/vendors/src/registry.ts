export { bse } from './bse/bse.vendor.js';
export { json } from './json/json.vendor.js';
