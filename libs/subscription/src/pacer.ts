import type { Cancel, Clock } from '#domain';
import type { Subscription } from './subscription.js';

/** Holds back updates of subscriptions with a frequency limit; what was held back is made good by one snapshot when it is due. */
export class Pacer {
  private readonly waiting = new Set<Subscription>();
  private cancel: Cancel | undefined;

  /** @param release called with subscriptions whose time has come and whose client has missed something */
  constructor(
    private readonly clock: Clock,
    private readonly release: (due: readonly Subscription[]) => void,
  ) {}

  /** Whether the subscription may be sent its update now. If not, it is remembered until it may. */
  admits(subscription: Subscription, now: number): boolean {
    if (now < subscription.dueAt || this.waiting.has(subscription)) {
      this.waiting.add(subscription);
      this.cancel ??= this.clock.after(subscription.dueAt - now, () => this.fire());
      return false;
    }
    subscription.dueAt = now + interval(subscription);
    return true;
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.waiting.clear();
  }

  private fire(): void {
    this.cancel = undefined;
    const now = this.clock.now();
    const due: Subscription[] = [];
    let next = Infinity;
    for (const subscription of this.waiting) {
      if (subscription.dueAt <= now) {
        this.waiting.delete(subscription);
        subscription.dueAt = now + interval(subscription);
        due.push(subscription);
      } else next = Math.min(next, subscription.dueAt);
    }
    if (next !== Infinity) this.cancel = this.clock.after(next - now, () => this.fire());
    if (due.length > 0) this.release(due);
  }
}

function interval({ options }: Subscription): number {
  return 1000 / (options.maxFrequency as number);
}
