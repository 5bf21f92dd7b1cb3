import type { QuoteState } from '#cache';
import { F, type RejectReason, type Tick } from '#domain';

export interface CheckLimits {
  /** How far from the previous close a price may be where the vendor gives no circuit limits, as a share: 0.4 is 40 %. */
  readonly band: number;
  /** How far ahead of our clock an event time may be, ms. */
  readonly maxAheadMs: number;
}

/** A pause this long between two events is a new session, in which volume starts again from zero. */
const SESSION_GAP_MS = 4 * 3_600_000;

/**
 * First tier: what one tick and the last value can tell. Pure, no allocation.
 * @returns the reason to reject the tick, or undefined when it is good
 */
export function checkTick(tick: Tick, state: QuoteState, limits: CheckLimits): RejectReason | undefined {
  const { price, bid, ask, volume, eventTime } = tick;
  const { tickSize } = state.instrument;
  if (price === undefined && bid === undefined && ask === undefined && volume === undefined && !hasDayValues(tick)) {
    return 'no-value';
  }
  if (price !== undefined) {
    if (!(price > 0) || price === Infinity) return 'price';
    if (isOffTick(price, tickSize)) return 'tick-size';
    if (isOutsideBand(price, tick, state, limits)) return 'circuit';
  }
  if (isBadQuote(bid) || isBadQuote(ask)) return 'price';
  if ((bid !== undefined && isOffTick(bid, tickSize)) || (ask !== undefined && isOffTick(ask, tickSize)))
    return 'tick-size';
  if (isBadSize(volume) || isBadSize(tick.bidSize) || isBadSize(tick.askSize) || isBadSize(tick.lastSize))
    return 'size';
  if (eventTime !== undefined) {
    if (!(eventTime <= tick.receivedAt + limits.maxAheadMs)) return 'future';
    const step = tick.eventTimeStep ?? 0;
    if (step === 0 ? eventTime < state.eventTime : eventTime + step <= state.eventTime) return 'late';
  }
  if (volume !== undefined && tick.vendor === state.volumeSource && volume < state.latest(F.volume)) {
    if (eventTime === undefined || eventTime - state.eventTime < SESSION_GAP_MS) return 'volume';
  }
  return undefined;
}

function hasDayValues(tick: Tick): boolean {
  return (
    tick.previousClose !== undefined ||
    tick.open !== undefined ||
    tick.high !== undefined ||
    tick.low !== undefined ||
    tick.averagePrice !== undefined ||
    tick.bidSize !== undefined ||
    tick.askSize !== undefined ||
    tick.openInterest !== undefined
  );
}

/** NaN is allowed: it says that there is no bid or ask. */
function isBadQuote(price: number | undefined): boolean {
  return price !== undefined && (price <= 0 || price === Infinity);
}

function isBadSize(size: number | undefined): boolean {
  return size !== undefined && (size < 0 || size === Infinity);
}

function isOffTick(price: number, tickSize: number): boolean {
  const steps = price / tickSize;
  // relative, because a large price in small ticks carries a large rounding error
  return Math.abs(steps - Math.round(steps)) > 1e-6 * Math.max(1, steps * 1e-3);
}

function isOutsideBand(price: number, tick: Tick, state: QuoteState, limits: CheckLimits): boolean {
  const lower = tick.lowerCircuit ?? state.lowerCircuit;
  const upper = tick.upperCircuit ?? state.upperCircuit;
  // comparisons with NaN are false: an unknown limit rejects nothing
  if (price < lower || price > upper) return true;
  if (!Number.isNaN(lower) && !Number.isNaN(upper)) return false;
  const close = tick.previousClose ?? state.latest(F.previousClose);
  return Math.abs(price - close) > close * limits.band;
}
