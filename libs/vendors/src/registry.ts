export { alphavantage } from './alphavantage/alphavantage.vendor.js';
export { bse } from './bse/bse.vendor.js';
export { fyers } from './fyers/fyers.vendor.js';
export { json } from './json/json.vendor.js';
export { polygon } from './polygon/polygon.vendor.js';
export { replay } from './replay/replay.vendor.js';
export { twelvedata } from './twelvedata/twelvedata.vendor.js';
export { upstox } from './upstox/upstox.vendor.js';
