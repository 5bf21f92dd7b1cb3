const LAST_MS = 20_000;

/** Latencies in whole milliseconds, which is what an event time carries; anything past 20 s counts as 20 s. */
export class Histogram {
  private readonly buckets = new Uint32Array(LAST_MS + 1);
  count = 0;

  record(ms: number): void {
    const bucket = Math.min(LAST_MS, Math.max(0, Math.round(ms)));
    this.buckets[bucket]!++;
    this.count++;
  }

  /** Smallest latency that at least the share `q` of all records does not exceed; undefined without records. */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let ms = 0; ms <= LAST_MS; ms++) {
      seen += this.buckets[ms]!;
      if (seen >= wanted) return ms;
    }
    return LAST_MS;
  }

  reset(): void {
    this.buckets.fill(0);
    this.count = 0;
  }
}
