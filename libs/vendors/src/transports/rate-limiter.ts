import type { Cancel, Clock } from '#domain';

/** Token bucket: never more than `burst` calls at once, nor more than `perSecond` in the long run; callers are served in order. */
export class RateLimiter {
  private tokens: number;
  /** Up to when tokens have been counted; ahead of the clock during a pause. */
  private at: number;
  private pausedUntil = 0;
  private readonly waiting: (() => void)[] = [];
  private timer: Cancel | undefined;
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
    this.at = clock.elapsed();
  }

  /** Whether the vendor has asked for a pause that is not over. */
  get isPaused(): boolean {
    return this.clock.elapsed() < this.pausedUntil;
  }

  /** Resolves when the caller may make one call. */
  take(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.serve();
    });
  }

  /**
   * Lets nobody through for a while, as a vendor asked, and after it one call and then the steady rate: a burst is what brought the
   * pause. A shorter pause does not end a longer one.
   */
  pauseFor(ms: number): void {
    const until = this.clock.elapsed() + ms;
    if (until <= this.pausedUntil) return;
    this.refill(until);
    this.tokens = Math.min(1, this.tokens);
    this.pausedUntil = until;
  }

  /** Someone else has made the calls until now: no burst, but the steady rate. */
  empty(): void {
    this.refill(this.clock.elapsed());
    this.tokens = 0;
  }

  /** Lets everybody through, now and later, because the calls will not be made. */
  stop(): void {
    this.isStopped = true;
    this.timer?.();
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private refill(now: number): void {
    if (now <= this.at) return;
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
  }

  private serve(): void {
    const now = this.clock.elapsed();
    this.refill(now);
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
