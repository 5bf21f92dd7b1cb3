/** Buckets per doubling: a quantile is within 2.2 % of the true one. */
const PER_DOUBLING = 32;
const DOUBLINGS = 27;
const MICROSECONDS = 1000;

/** Durations from a microsecond to two minutes, in a fixed amount of memory. */
export class DurationHistogram {
  private readonly buckets = new Uint32Array(PER_DOUBLING * DOUBLINGS);
  count = 0;

  observe(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ms * MICROSECONDS)) * PER_DOUBLING);
    const index = Math.min(this.buckets.length - 1, bucket);
    this.buckets[index] = (this.buckets[index] as number) + 1;
    this.count++;
  }

  /** The duration that a share of all (0 to 1) does not exceed, ms; 0 before the first. */
  quantile(share: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    let index = 0;
    while (index < this.buckets.length - 1 && seen + (this.buckets[index] as number) < rank) {
      seen += this.buckets[index] as number;
      index++;
    }
    return 2 ** ((index + 0.5) / PER_DOUBLING) / MICROSECONDS;
  }
}
