/** Slots of the shared counters a feed thread writes and the load generator reads. */
export const TICKS = 0;
/** Ticks times their subscribers: what a server without conflation has to deliver. */
export const OFFERED = 1;
/** Of those, what is left when of each symbol only the newest tick in each nominal window survives. */
export const EXPECTED = 2;
export const COUNTERS = 3;

export interface FeedThreadData {
  readonly symbols: number;
  readonly seed: number;
  readonly windowMs: number;
  /** Clients per symbol. */
  readonly subscribers: Float64Array;
  /** Float64 counters, see above. */
  readonly counters: SharedArrayBuffer;
}
