import type { QuoteState } from '#cache';
import { F, type RejectReason, type Tick } from '#domain';
import type { PriceMemory } from './price-memory.js';

/**
 * `good`: near the last good price. `suspect`: a jump nobody has confirmed yet. `repeated`: a suspect again, as the vendor said it
 * before. `stale`: an old tick with another price. An object: a jump that this suspect has made too.
 */
export type DeepVerdict = 'good' | 'suspect' | 'repeated' | 'stale' | { readonly confirms: Tick };

/** How long a suspect waits for a second tick, ms: a vendor that is asked is asked again within it. */
export const CONFIRM_WITHIN_MS = 60_000;
/** A vendor that still says the same after this time means it, ms. */
const INSISTS_AFTER_MS = 10_000;
/** Time steps from which an equal event time does not mean the same event. */
const COARSE_MS = 1000;

/** A book wider than this is none: as a share of the price, and in steps of the tick size. */
const WIDEST = 0.1;
const WIDEST_STEPS = 20;
/** A vendor's high and low may be a moment behind its price, as a share. */
const CANDLE_LAG = 0.005;

/**
 * Third tier: a price against the recent movement of its instrument. Pure; the caller keeps the suspects.
 * A real gap passes with the second tick that makes it, of the same vendor or of another; one tick alone does not.
 */
export function deepCheck(tick: Tick, state: QuoteState, memory: PriceMemory, suspects: readonly Tick[]): DeepVerdict {
  const { price } = tick;
  if (price === undefined) return 'good';
  if (isStaleRepeat(tick, state)) return 'stale';
  const allowance = memory.allowance(tick.receivedAt);
  for (const suspect of suspects) {
    if (!isNear(price, suspect.price as number, allowance)) continue;
    const waited = tick.receivedAt - suspect.receivedAt;
    if (waited < INSISTS_AFTER_MS && isSameObservation(tick, suspect)) return 'repeated';
    if (waited <= CONFIRM_WITHIN_MS) return { confirms: suspect };
  }
  // unknown is NaN: where nothing is known nothing is an outlier
  return Math.abs(Math.log(price / memory.price)) > allowance ? 'suspect' : 'good';
}

/** Whether two prices are no further apart than `allowance`, a difference of logarithms. */
export function isNear(one: number, other: number, allowance: number): boolean {
  return Math.abs(Math.log(one / other)) <= allowance;
}

/**
 * What is wrong with the book a tick carries, or undefined. Before the first trade of a day orders only gather, also such as cross
 * one another, so nothing is wrong then.
 */
export function bookFault(tick: Tick, state: QuoteState): RejectReason | undefined {
  const bid = tick.bid as number;
  const ask = tick.ask as number;
  // comparisons with what was not said are false
  if (!(bid > 0 && ask > 0) || volumeToday(tick, state) === 0) return undefined;
  if (bid > ask) return 'crossed';
  const { tickSize } = state.instrument;
  return ask - bid > Math.max((WIDEST * (bid + ask)) / 2, WIDEST_STEPS * tickSize) ? 'spread' : undefined;
}

/** Whether the day values a tick carries contradict one another, or its own price by more than a vendor's delay explains. */
export function isCandleBroken(tick: Tick): boolean {
  const open = tick.open as number;
  const high = tick.high as number;
  const low = tick.low as number;
  const price = tick.price as number;
  if (low > 0 && (high < low || open < low || price < low * (1 - CANDLE_LAG))) return true;
  return high > 0 && (open > high || price > high * (1 + CANDLE_LAG));
}

/** The same moment and the same count of shares traded, but another price: a tick that was put together from two. */
function isStaleRepeat(tick: Tick, state: QuoteState): boolean {
  const { eventTime, volume, vendor } = tick;
  return (
    eventTime !== undefined &&
    eventTime === state.eventTime &&
    (tick.eventTimeStep ?? 0) <= COARSE_MS &&
    (volume as number) > 0 &&
    volume === state.latest(F.volume) &&
    vendor === state.latestSource &&
    vendor === state.volumeSource &&
    tick.price !== state.latest(F.price)
  );
}

function isSameObservation(tick: Tick, before: Tick): boolean {
  return (
    tick.vendor === before.vendor &&
    tick.eventTime !== undefined &&
    tick.eventTime === before.eventTime &&
    tick.volume === before.volume &&
    // without a count of what has traded, another price is another trade
    (tick.volume !== undefined || tick.price === before.price)
  );
}

function volumeToday(tick: Tick, state: QuoteState): number {
  if (tick.volume !== undefined) return tick.volume;
  return state.dayOf(tick.receivedAt) <= state.volumeDay ? state.latest(F.volume) : NaN;
}
