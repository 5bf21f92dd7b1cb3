import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;

/** How late timers run: the first sign that the process has more work than time. */
export class EventLoopLag {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readAt = 0;
  private value = 0;

  start(): void {
    this.histogram.enable();
  }

  /** 99th percentile of about the last second, ms; the resolution of the measurement is taken off. */
  p99Ms(): number {
    const now = performance.now();
    // several readers within a second share a reading, because reading starts a new one
    if (now - this.readAt >= 1000) {
      const lag = this.histogram.percentile(99) / 1e6 - RESOLUTION_MS;
      this.value = Number.isFinite(lag) ? Math.max(0, lag) : 0;
      this.histogram.reset();
      this.readAt = now;
    }
    return this.value;
  }

  stop(): void {
    this.histogram.disable();
  }
}
