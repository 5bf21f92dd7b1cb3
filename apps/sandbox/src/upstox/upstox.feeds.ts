import type { Listing } from '../market-model/listing.js';
import type { MinuteCandles } from './upstox.candles.js';
import { firstLevelFeed, fullFeed, type Level, type Ltpc, ltpcFeed, type Ohlc, type Traded } from './upstox.frames.js';
import type { Mode } from './upstox.limits.js';

const DEPTH = { full: 5, full_d30: 30 };
const DAY_MS = 86_400_000;
const IST_OFFSET_MS = 330 * 60_000;
/** How much larger than the best quantity those behind it are; the book has no depth of its own. */
const BEHIND = [1, 3, 2, 5, 4];

/** One record of a listing in a mode, at a price that a fault may have made wrong. */
export function feedOf(listing: Listing, mode: Mode, price: number, candles: MinuteCandles): Uint8Array {
  switch (mode) {
    case 'ltpc':
      return ltpcFeed(ltpcOf(listing, price));
    case 'option_greeks':
      return firstLevelFeed(tradedOf(listing, price, candles), levelsOf(listing, 1)[0] as Level);
    case 'full':
    case 'full_d30':
      return depthFeed(listing, mode, tradedOf(listing, price, candles));
  }
}

/** A record that tells of the book only, as one is between two trades. */
export function bookFeed(listing: Listing, mode: 'full' | 'full_d30'): Uint8Array {
  return depthFeed(listing, mode, undefined);
}

function depthFeed(listing: Listing, mode: 'full' | 'full_d30', traded: Traded | undefined): Uint8Array {
  const levels = levelsOf(listing, DEPTH[mode]);
  const sum = (side: 'bidQ' | 'askQ'): number => levels.reduce((total, level) => total + level[side], 0);
  // the newer schema's fields on one exchange, so that clients meet both schemas
  const hasAuction = listing.instrument.exchange === 'NSE' && traded !== undefined;
  const { last, previousClose } = listing;
  const auction = hasAuction ? { iep: last, rp: previousClose, casEligible: true } : undefined;
  return fullFeed({ mode, traded, levels, tbq: sum('bidQ'), tsq: sum('askQ'), auction });
}

function ltpcOf({ tradedAt, lastSize, previousClose }: Listing, price: number): Ltpc {
  return { ltp: price, ltt: tradedAt, ltq: lastSize, cp: previousClose };
}

function tradedOf(listing: Listing, price: number, candles: MinuteCandles): Traded {
  return {
    ltpc: ltpcOf(listing, price),
    ohlc: ohlcOf(listing, candles),
    atp: listing.averagePrice,
    vtt: listing.volume,
  };
}

/** The day's candle, and the running minute's; none before the first trade. */
function ohlcOf(listing: Listing, candles: MinuteCandles): Ohlc[] {
  const { open, high, low, last: close, volume, changedAt } = listing;
  if (open === undefined || high === undefined || low === undefined) return [];
  const midnight = Math.floor((changedAt + IST_OFFSET_MS) / DAY_MS) * DAY_MS - IST_OFFSET_MS;
  const day: Ohlc = { interval: '1d', open, high, low, close, vol: volume, ts: midnight };
  const minute = candles.of(listing);
  if (minute === undefined) return [day];
  const vol = Math.max(0, volume - minute.volumeBefore);
  return [day, { interval: 'I1', open: minute.open, high: minute.high, low: minute.low, close, vol, ts: minute.start }];
}

function levelsOf(listing: Listing, count: number): Level[] {
  const { bid, ask, bidSize, askSize, lowerCircuit, upperCircuit, instrument } = listing;
  const scale = 10 ** instrument.decimals;
  const onGrid = (price: number): number => Math.round(price * scale) / scale;
  return Array.from({ length: count }, (_, i) => {
    const bidP = onGrid(bid - i * instrument.tickSize);
    const askP = onGrid(ask + i * instrument.tickSize);
    const factor = BEHIND[i % BEHIND.length] as number;
    const hasBid = bidP >= lowerCircuit;
    const hasAsk = askP <= upperCircuit;
    return {
      bidQ: hasBid ? bidSize * factor : 0,
      bidP: hasBid ? bidP : 0,
      askQ: hasAsk ? askSize * factor : 0,
      askP: hasAsk ? askP : 0,
    };
  });
}
