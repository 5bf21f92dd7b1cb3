/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Stops what was scheduled; calling it late or twice does nothing. */
export type Cancel = () => void;

/** The only source of time: rules and timers take it as a value, so tests drive it by hand. */
export interface Clock {
  now(): EpochMs;
  /** Milliseconds from an arbitrary start that never runs backwards; for durations. */
  elapsed(): number;
  /** Runs `task` once after `ms`; 0 means as soon as the current input is handled. */
  after(ms: number, task: () => void): Cancel;
}

/** A number in [0, 1), as Math.random gives it. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, task) {
    if (ms <= 0) {
      const immediate = setImmediate(task);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
