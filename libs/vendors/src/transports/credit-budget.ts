import {
  type Cancel,
  type Clock,
  SourceFailedError,
  type VendorId,
  VendorRateLimitError,
  type VendorTurn,
} from '#domain';

/** So many credits in a span of time. */
export interface CreditLimit {
  readonly credits: number;
  /** Length of the span, ms. */
  readonly ms: number;
  /** `any`: in no stretch of this length are more spent. `calendar`: the spans lie one after another since 1970 in UTC, as clock minutes and days do. */
  readonly span: 'any' | 'calendar';
}

export const DAY_MS = 86_400_000;
/** Of a span up to this long nobody knows what the node before has spent, ms: it counts as all, spent at a steady rate. */
const LONGEST_UNKNOWN_MS = 61_000;
const MOST_PARTS = 60;

interface Spans {
  readonly limit: CreditLimit;
  /** Credits spent in the span that ends now. */
  used(): number;
  /** How long until so many more may be spent, ms. */
  waitFor(credits: number): number;
  spend(credits: number): void;
  /** Others share the plan. */
  share(vendor: VendorId, turn: VendorTurn): void;
}

interface Waiter {
  readonly credits: number;
  readonly resolve: () => void;
  readonly reject: (error: VendorRateLimitError) => void;
}

/**
 * What a vendor's plan lets us spend, under all its limits at once. Credits are spent when they are asked for, whatever becomes of the
 * call: vendors count refusals too. Callers are served in order.
 */
export class CreditBudget {
  private readonly spans: readonly Spans[];
  private readonly waiting: Waiter[] = [];
  /** No credits before this, by `elapsed`. */
  private blockedUntil = 0;
  private timer: Cancel | undefined;
  private isStopped = false;

  /** @param limits at least one, the shortest first; `longestWaitMs` is how long a caller waits at most */
  constructor(
    private readonly vendor: VendorId,
    private readonly clock: Clock,
    limits: readonly CreditLimit[],
    private readonly longestWaitMs: number,
    turn?: VendorTurn,
  ) {
    this.spans = limits.map((limit) =>
      limit.span === 'any' ? new AnySpan(limit, clock) : new CalendarSpan(limit, clock),
    );
    if (turn !== undefined) for (const span of this.spans) span.share(vendor, turn);
  }

  /** Credits that may be spent now, were nobody waiting. */
  left(): number {
    if (this.clock.elapsed() < this.blockedUntil) return 0;
    return Math.min(...this.spans.map((span) => span.limit.credits - span.used()));
  }

  /**
   * Resolves when the credits are spent.
   * @throws VendorRateLimitError with the time until the credits come, if that is longer than a caller waits
   * @throws SourceFailedError not retryable, if no span ever holds so many
   */
  take(credits: number): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    if (this.spans.some(({ limit }) => limit.credits < credits)) {
      const reason = `a call for ${credits} credits is more than the plan gives`;
      return Promise.reject(new SourceFailedError(this.vendor, reason, { retryable: false }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ credits, resolve, reject });
      this.serve();
    });
  }

  /** How long until so many credits may be spent, were nobody waiting, in whole milliseconds: a timer must not wake before the time. */
  waitFor(credits: number): number {
    const blocked = this.blockedUntil - this.clock.elapsed();
    return Math.ceil(Math.max(0, blocked, ...this.spans.map((span) => span.waitFor(credits))));
  }

  /** The vendor says that there are none for a while. A shorter time does not end a longer one. */
  blockFor(ms: number): void {
    this.blockedUntil = Math.max(this.blockedUntil, this.clock.elapsed() + ms);
  }

  /** The vendor says how many are left of the first limit: fewer than we think when others use the same account. */
  report(left: number): void {
    const [first] = this.spans;
    if (first === undefined) return;
    const unknown = first.limit.credits - first.used() - Math.max(0, left);
    if (unknown > 0) first.spend(unknown);
  }

  /** Lets everybody through, now and later, because the calls will not be made. */
  stop(): void {
    this.isStopped = true;
    this.timer?.();
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private serve(): void {
    if (this.isStopped) return;
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const wait = this.waitFor(first.credits);
      if (wait > 0 && wait <= this.longestWaitMs) return this.wake(wait);
      this.waiting.shift();
      if (wait > 0) {
        first.reject(new VendorRateLimitError(this.vendor, wait));
      } else {
        this.spend(first.credits);
        first.resolve();
      }
    }
  }

  private wake(ms: number): void {
    this.timer?.();
    this.timer = this.clock.after(ms, () => {
      this.timer = undefined;
      this.serve();
    });
  }

  private spend(credits: number): void {
    for (const span of this.spans) span.spend(credits);
  }
}

/** Remembers each spending for as long as it counts. */
class AnySpan implements Spans {
  private readonly spendings: { readonly at: number; readonly credits: number }[] = [];

  constructor(
    readonly limit: CreditLimit,
    private readonly clock: Clock,
  ) {}

  used(): number {
    const since = this.clock.elapsed() - this.limit.ms;
    while (this.spendings[0] !== undefined && this.spendings[0].at <= since) this.spendings.shift();
    return this.spendings.reduce((sum, { credits }) => sum + credits, 0);
  }

  waitFor(credits: number): number {
    let excess = this.used() + credits - this.limit.credits;
    if (excess <= 0) return 0;
    for (const spending of this.spendings) {
      excess -= spending.credits;
      if (excess <= 0) return spending.at + this.limit.ms - this.clock.elapsed();
    }
    return this.limit.ms;
  }

  spend(credits: number): void {
    this.spendings.push({ at: this.clock.elapsed(), credits });
  }

  share(_vendor: VendorId, turn: VendorTurn): void {
    // longer spans spread a day's credits, which are counted together
    if (this.limit.ms > LONGEST_UNKNOWN_MS) return;
    turn.onTurn(() => this.fill());
  }

  /** Books what is left as spent evenly until now, so that it comes back at the steady rate. */
  private fill(): void {
    const { credits, ms } = this.limit;
    const left = credits - this.used();
    const parts = Math.min(left, MOST_PARTS);
    const since = this.clock.elapsed() - ms;
    for (let part = 1; part <= parts; part++) {
      const upTo = Math.floor((part * left) / parts);
      const before = Math.floor(((part - 1) * left) / parts);
      this.spendings.push({ at: since + (part * ms) / parts, credits: upTo - before });
    }
    this.spendings.sort((a, b) => a.at - b.at);
  }
}

/** Counts within one span of the calendar; a wall clock that is put back begins no new one. */
class CalendarSpan implements Spans {
  private span = -1;
  private count = 0;
  private book: (span: number, credits: number) => void = () => undefined;

  constructor(
    readonly limit: CreditLimit,
    private readonly clock: Clock,
  ) {}

  used(): number {
    const span = Math.floor(this.clock.now() / this.limit.ms);
    if (span > this.span) {
      this.span = span;
      this.count = 0;
    }
    return this.count;
  }

  waitFor(credits: number): number {
    if (this.used() + credits <= this.limit.credits) return 0;
    return (this.span + 1) * this.limit.ms - this.clock.now();
  }

  spend(credits: number): void {
    this.count = this.used() + credits;
    this.book(this.span, credits);
  }

  share(vendor: VendorId, turn: VendorTurn): void {
    this.book = turn.share({
      vendor,
      ms: this.limit.ms,
      present: () => {
        const credits = this.used();
        return { span: this.span, credits };
      },
      raise: (span, credits) => {
        if (this.used() < credits && span === this.span) this.count = credits;
      },
    });
  }
}
