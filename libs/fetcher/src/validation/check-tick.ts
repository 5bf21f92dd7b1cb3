import type { QuoteState } from '#cache';
import { F, type RejectReason, type Tick } from '#domain';

export interface CheckLimits {
  /** How far from the previous close a price may be where the vendor gives no circuit limits, as a share: 0.4 is 40 %. */
  readonly band: number;
  /** How far ahead of our clock an event time may be, ms. */
  readonly maxAheadMs: number;
}

/** No market is near this; above it the compact form's integers would lose digits. */
const MAX_PRICE = 2 ** 51 / 1e5;
const MAX_SIZE = 2 ** 51;
/** Once the vendor whose word counts has been silent for this long, another's is taken, an older last trade too: it is the newest there is. */
const TAKEOVER_MS = 10_000;
/** How much older the first value of a vendor that takes over may be. */
const OWNER_LAG_MS = 60_000;

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
    if (!(price > 0) || price > MAX_PRICE) return 'price';
    if (isOffTick(price, tickSize)) return 'tick-size';
    if (isOutsideBand(price, tick, state, limits)) return 'circuit';
  }
  if (isBadQuote(bid) || isBadQuote(ask) || hasBadDayValue(tick)) return 'price';
  if ((bid !== undefined && isOffTick(bid, tickSize)) || (ask !== undefined && isOffTick(ask, tickSize)))
    return 'tick-size';
  if (isBadSize(volume) || isBadSize(tick.bidSize) || isBadSize(tick.askSize) || isBadSize(tick.lastSize))
    return 'size';
  if (isBadSize(tick.openInterest)) return 'size';
  if (eventTime !== undefined) {
    if (!(eventTime <= tick.receivedAt + limits.maxAheadMs)) return 'future';
    if (isLate(eventTime, tick, state)) return 'late';
  }
  return undefined;
}

/**
 * Whether a good tick's volume is below one of the same vendor and day, which a count of the day cannot be.
 * Only the volume is at fault then: the price is of now.
 */
export function isVolumeBack(tick: Tick, state: QuoteState): boolean {
  return (
    tick.volume !== undefined &&
    tick.vendor === state.volumeSource &&
    tick.volume < state.latest(F.volume) &&
    state.dayOf(tick.eventTime ?? tick.receivedAt) <= state.volumeDay
  );
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
    tick.openInterest !== undefined ||
    tick.halted !== undefined
  );
}

/** Values that the price is not measured against one by one; a comparison with undefined is false. */
function hasBadDayValue(tick: Tick): boolean {
  return (
    isHuge(tick.open) ||
    isHuge(tick.high) ||
    isHuge(tick.low) ||
    isHuge(tick.previousClose) ||
    isHuge(tick.averagePrice) ||
    isHuge(tick.lowerCircuit) ||
    isHuge(tick.upperCircuit)
  );
}

function isHuge(price: number | undefined): boolean {
  return price !== undefined && (price > MAX_PRICE || price < -MAX_PRICE);
}

/** NaN is allowed: it says that there is no bid or ask. */
function isBadQuote(price: number | undefined): boolean {
  return price !== undefined && (price <= 0 || price > MAX_PRICE);
}

function isBadSize(size: number | undefined): boolean {
  return size !== undefined && (size < 0 || size > MAX_SIZE);
}

function isOffTick(price: number, tickSize: number): boolean {
  const steps = price / tickSize;
  // relative, because a large price in small ticks carries a large rounding error
  return Math.abs(steps - Math.round(steps)) > 1e-6 * Math.max(1, steps * 1e-3);
}

function isOutsideBand(price: number, tick: Tick, state: QuoteState, limits: CheckLimits): boolean {
  const day = state.dayOf(tick.receivedAt);
  const isToday = day <= state.limitsDay;
  const lower = positive(tick.lowerCircuit) ?? (isToday ? state.lowerCircuit : NaN);
  const upper = positive(tick.upperCircuit) ?? (isToday ? state.upperCircuit : NaN);
  // comparisons with NaN are false: an unknown limit rejects nothing
  if (price < lower || price > upper) return true;
  if (!Number.isNaN(lower) && !Number.isNaN(upper)) return false;
  const close = positive(tick.previousClose) ?? (day <= state.closeDay ? state.latest(F.previousClose) : NaN);
  return Math.abs(price - close) > close * limits.band;
}

/** Vendors send 0 for limits they do not know. */
function positive(price: number | undefined): number | undefined {
  return price !== undefined && price > 0 ? price : undefined;
}

function isLate(eventTime: number, tick: Tick, state: QuoteState): boolean {
  const step = tick.eventTimeStep ?? 0;
  const isOlder = step === 0 ? eventTime < state.eventTime : eventTime + step <= state.eventTime;
  if (!isOlder || tick.vendor === state.latestSource) return isOlder;
  if (tick.receivedAt - state.confirmedAt >= TAKEOVER_MS) return false;
  // who takes over may begin with the last trade, which is older than the last quote, but not with one of long ago
  return tick.vendor !== state.owner || eventTime + step + OWNER_LAG_MS < state.eventTime;
}

/**
 * Whether a tick is of a vendor that only stands by: while an instrument moves from one to another both send it, and two vendors'
 * values in turns would be a price that jumps to and fro.
 */
export function isStandby(tick: Tick, state: QuoteState): boolean {
  const { owner } = state;
  if (owner === '' || tick.vendor === owner || state.latestSource !== owner) return false;
  return tick.receivedAt - state.confirmedAt < TAKEOVER_MS;
}
