import type { Clock } from '#domain';

interface Bucket {
  tokens: number;
  perMinute: number;
  at: number;
}

const MINUTE_MS = 60_000;

/** What each user may still do this minute. It outlives connections, so that connecting anew gives nothing back. */
export class Allowances {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Clock) {}

  /** Takes one of a user's `perMinute`. False when there is none left. */
  take(user: string, perMinute: number): boolean {
    const now = this.clock.elapsed();
    const bucket = this.buckets.get(user) ?? { tokens: perMinute, perMinute, at: now };
    this.buckets.set(user, bucket);
    bucket.tokens = Math.min(perMinute, tokensOf(bucket, now));
    bucket.perMinute = perMinute;
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /** Forgets users who have everything again. */
  sweep(): void {
    const now = this.clock.elapsed();
    for (const [user, bucket] of this.buckets) {
      if (tokensOf(bucket, now) >= bucket.perMinute) this.buckets.delete(user);
    }
  }
}

function tokensOf({ tokens, perMinute, at }: Bucket, now: number): number {
  return tokens + ((now - at) / MINUTE_MS) * perMinute;
}
