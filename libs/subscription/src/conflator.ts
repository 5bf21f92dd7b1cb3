import type { QuoteState } from '#cache';
import type { Cancel, Clock, Histogram, Meter } from '#domain';

/**
 * Collects the instruments that moved and hands them on once per window, so that within a window only the newest value of each
 * survives. The first move after a quiet window goes out at once; under load windows follow one another without a gap.
 */
export class Conflator {
  private readonly moved = new Set<QuoteState>();
  private cancel: Cancel | undefined;
  private lastOpened = -Infinity;
  private firstMarkAt = 0;
  private readonly waits: Histogram;
  private listener: (moved: ReadonlySet<QuoteState>) => void = () => undefined;

  /** Changes that were overtaken by a newer one of the same instrument within their window. */
  conflated = 0;

  /** @param windowMs 0 hands on at once after the input that is being read */
  constructor(
    private readonly clock: Clock,
    readonly windowMs: number,
    meter: Meter,
  ) {
    this.waits = meter.histogram(
      'window_wait_seconds',
      'Time from the first change of a window to its publication',
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    );
  }

  onWindow(listener: (moved: ReadonlySet<QuoteState>) => void): void {
    this.listener = listener;
  }

  mark(state: QuoteState): void {
    const before = this.moved.size;
    this.moved.add(state);
    if (this.moved.size === before) this.conflated++;
    else if (this.cancel === undefined) this.schedule();
  }

  /** Hands on what is there now, without waiting for the window. */
  flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    const opened = this.clock.elapsed();
    this.lastOpened = opened;
    if (this.moved.size > 0) {
      this.waits.observe((opened - this.firstMarkAt) / 1000);
      this.listener(this.moved);
      this.moved.clear();
    }
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.moved.clear();
  }

  private schedule(): void {
    this.firstMarkAt = this.clock.elapsed();
    // when sending takes longer than the window, the next one still waits for a turn of the event loop, in which all input is read
    this.cancel = this.clock.after(this.lastOpened + this.windowMs - this.firstMarkAt, () => this.flush());
  }
}
