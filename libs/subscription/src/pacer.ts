import type { Cancel, Clock } from '#domain';
import type { Subscription } from './subscription.js';

/** Holds back updates of subscriptions with a frequency limit; what was held back is made good by one snapshot when it is due. */
export class Pacer {
  private readonly waiting = new Set<Subscription>();
  private cancel: Cancel | undefined;
  /** When the timer runs out; Infinity without one. */
  private wakesAt = Infinity;

  /** @param release called with subscriptions whose time has come and whose client has missed something */
  constructor(
    private readonly clock: Clock,
    private readonly release: (due: readonly Subscription[]) => void,
  ) {}

  /**
   * Whether the subscription may be sent its update now. If not, it is remembered until it may.
   * @param now by `clock.elapsed()`, as every time here: a step of the wall clock holds nobody back
   */
  admits(subscription: Subscription, now: number): boolean {
    if (now < subscription.dueAt || this.waiting.has(subscription)) {
      this.waiting.add(subscription);
      this.wakeAt(subscription.dueAt, now);
      return false;
    }
    subscription.dueAt = now + interval(subscription);
    return true;
  }

  /** Whether a subscription that has just been made may be sent its first snapshot now; if not, it comes when it is due. */
  greets(subscription: Subscription, now: number): boolean {
    return now >= subscription.dueAt || this.admits(subscription, now);
  }

  stop(): void {
    this.cancel?.();
    this.waiting.clear();
  }

  private wakeAt(dueAt: number, now: number): void {
    if (dueAt >= this.wakesAt) return;
    this.cancel?.();
    this.wakesAt = dueAt;
    this.cancel = this.clock.after(Math.max(0, dueAt - now), () => this.fire());
  }

  private fire(): void {
    this.wakesAt = Infinity;
    const now = this.clock.elapsed();
    const due: Subscription[] = [];
    let next = Infinity;
    for (const subscription of this.waiting) {
      if (subscription.dueAt <= now) {
        this.waiting.delete(subscription);
        subscription.dueAt = now + interval(subscription);
        due.push(subscription);
      } else next = Math.min(next, subscription.dueAt);
    }
    this.wakeAt(next, now);
    if (due.length > 0) this.release(due);
  }
}

function interval({ options }: Subscription): number {
  return 1000 / (options.maxFrequency as number);
}
