/** The last durations of something, for percentiles. */
export class LatencyWindow {
  private readonly samples: Float64Array;
  private count = 0;

  constructor(size = 512) {
    this.samples = new Float64Array(size);
  }

  /** @param ms how long it took */
  add(ms: number): void {
    this.samples[this.count++ % this.samples.length] = ms;
  }

  /** @returns ms; 0 before the first */
  percentile(share: number): number {
    const known = this.samples.slice(0, Math.min(this.count, this.samples.length)).toSorted();
    return known[Math.max(0, Math.ceil(known.length * share) - 1)] ?? 0;
  }
}
