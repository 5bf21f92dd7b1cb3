import type { Clock, InstrumentId } from '#domain';

/** Lets a reader wait for the next good tick of an instrument. */
export class Arrivals {
  private readonly waiting = new Map<InstrumentId, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  /** Whether anybody waits; the tick path looks at nothing else. */
  get awaited(): boolean {
    return this.waiting.size > 0;
  }

  /** True when a tick came, false when `timeoutMs` passed first. */
  next(instrument: InstrumentId, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.waiting.get(instrument) ?? new Set();
      this.waiting.set(instrument, waiters);
      const cancel = this.clock.after(timeoutMs, () => {
        waiters.delete(wake);
        if (waiters.size === 0) this.waiting.delete(instrument);
        resolve(false);
      });
      const wake = (): void => {
        cancel();
        resolve(true);
      };
      waiters.add(wake);
    });
  }

  arrived(instrument: InstrumentId): void {
    const waiters = this.waiting.get(instrument);
    if (waiters === undefined) return;
    this.waiting.delete(instrument);
    for (const wake of waiters) wake();
  }
}
