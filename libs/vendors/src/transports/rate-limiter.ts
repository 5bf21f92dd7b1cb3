import type { Cancel, Clock } from '#domain';

/** Token bucket: never more than `burst` calls at once, nor more than `perSecond` in the long run; callers are served in order. */
export class RateLimiter {
  private tokens: number;
  private at: number;
  private pausedUntil = 0;
  private readonly waiting: (() => void)[] = [];
  private timer: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
    this.at = clock.elapsed();
  }

  /** Resolves when the caller may make one call. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.serve();
    });
  }

  /** Lets nobody through for a while, as a vendor asked. A shorter pause does not end a longer one. */
  pauseFor(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.clock.elapsed() + ms);
  }

  /** Lets everybody through, because the calls will not be made. */
  stop(): void {
    this.timer?.();
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private serve(): void {
    const now = this.clock.elapsed();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    while (this.waiting.length > 0 && this.tokens >= 1 && now >= this.pausedUntil) {
      this.tokens--;
      this.waiting.shift()?.();
    }
    if (this.waiting.length === 0 || this.timer !== undefined) return;
    const untilToken = ((1 - this.tokens) / this.perSecond) * 1000;
    // one more millisecond, so that rounding does not wake us just before the token
    const wait = Math.ceil(Math.max(untilToken, this.pausedUntil - now)) + 1;
    this.timer = this.clock.after(wait, () => {
      this.timer = undefined;
      this.serve();
    });
  }
}
