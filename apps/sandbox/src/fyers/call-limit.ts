import type { Clock, EpochMs } from '#domain';

/** At most so many calls within so long, ms. */
export interface Limit {
  readonly calls: number;
  readonly withinMs: number;
}

/** Counts calls against several limits; refused calls do not count. */
export class CallLimit {
  private calls: EpochMs[] = [];
  private readonly longestMs: number;

  constructor(
    private readonly limits: readonly Limit[],
    private readonly clock: Clock,
  ) {
    this.longestMs = Math.max(...limits.map(({ withinMs }) => withinMs));
  }

  /** Counts a call. @returns how long until there is room for it, ms; 0 when there is */
  take(): number {
    const now = this.clock.now();
    this.calls = this.calls.filter((at) => now - at < this.longestMs);
    const waits = this.limits.map(({ calls, withinMs }) => {
      const oldest = this.calls.at(-calls);
      return oldest === undefined ? 0 : Math.max(0, oldest + withinMs - now);
    });
    const wait = Math.max(...waits);
    if (wait === 0) this.calls.push(now);
    return wait;
  }
}
