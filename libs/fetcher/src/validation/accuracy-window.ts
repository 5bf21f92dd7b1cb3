import type { EpochMs } from '#domain';

const BUCKETS = 15;
const BUCKET_MS = 60_000;

/** Ticks accepted and refused over the last 15 minutes, in buckets of a minute. */
export class AccuracyWindow {
  accepted = 0;
  refused = 0;

  private readonly acceptedIn = new Uint32Array(BUCKETS);
  private readonly refusedIn = new Uint32Array(BUCKETS);
  private minute = -1;

  /** Share of ticks that were good; 1 where there were none. */
  get share(): number {
    const all = this.accepted + this.refused;
    return all === 0 ? 1 : this.accepted / all;
  }

  add(now: EpochMs, accepted: number, refused: number): void {
    this.roll(now);
    const bucket = this.minute % BUCKETS;
    this.acceptedIn[bucket] = (this.acceptedIn[bucket] as number) + accepted;
    this.refusedIn[bucket] = (this.refusedIn[bucket] as number) + refused;
    this.accepted += accepted;
    this.refused += refused;
  }

  /** Forgets what is older than the window. */
  roll(now: EpochMs): void {
    const minute = Math.floor(now / BUCKET_MS);
    if (minute <= this.minute) return;
    const first = Math.max(this.minute + 1, minute - BUCKETS + 1);
    for (let next = first; next <= minute; next++) {
      const bucket = next % BUCKETS;
      this.accepted -= this.acceptedIn[bucket] as number;
      this.refused -= this.refusedIn[bucket] as number;
      this.acceptedIn[bucket] = 0;
      this.refusedIn[bucket] = 0;
    }
    this.minute = minute;
  }
}
