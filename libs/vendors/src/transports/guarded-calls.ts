import {
  type Clock,
  type Histogram,
  type MarketDataError,
  SourceFailedError,
  VendorFrameError,
  type VendorId,
  VendorRateLimitError,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { backoffMs, type BackoffOptions } from './backoff.js';
import { type BreakerOptions, CircuitBreaker, type Permit } from './circuit-breaker.js';
import type { CreditBudget } from './credit-budget.js';
import { HttpStatusError } from './http-client.js';
import { RateLimiter } from './rate-limiter.js';
import type { StatusKeeper } from './status-keeper.js';
import { VendorRefusedError } from './vendor-refused.error.js';

export interface GuardOptions {
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Calls made for one request, the first included. */
  readonly tries: number;
  readonly backoff: BackoffOptions;
  readonly breaker: BreakerOptions;
  /** How long the vendor is left alone after it has refused us (HTTP 403, `VendorRefusedError`), ms. */
  readonly refusedMs: number;
  /** A pause the vendor asks for (HTTP 429) is waited for up to this long, ms; during a longer one calls fail at once. */
  readonly longestPauseMs: number;
  /** What calls are paid from, where the vendor counts credits. */
  readonly budget?: CreditBudget;
}

/** How a call ended: the label of its count. */
type Outcome = 'ok' | 'no-quote' | 'rate-limited' | 'refused' | 'malformed' | 'failed' | 'unreachable';

const BREAKER_LEVEL = { closed: 0, 'half-open': 0.5, open: 1 };
const LATENCY_BUCKETS = [0.01, 0.05, 0.1, 0.3, 1, 3, 10];

/** Makes calls to one vendor: under its rate limit, again after failures that pass, and not at all while its circuit is open. */
export class GuardedCalls {
  private readonly limiter: RateLimiter;
  private readonly breaker: CircuitBreaker;
  private readonly clock: Clock;
  private readonly latency: Histogram;
  /** Ends each pause before a retry. */
  private readonly pauses = new Set<() => void>();
  private isStopped = false;

  constructor(
    id: string,
    private readonly vendor: VendorId,
    private readonly options: GuardOptions,
    private readonly tools: VendorTools,
    private readonly keeper: StatusKeeper,
    private readonly malformed: (error: VendorFrameError) => void,
  ) {
    const { clock, meter } = tools;
    this.clock = clock;
    this.limiter = new RateLimiter(clock, options.requestsPerSecond, options.burst);
    this.breaker = new CircuitBreaker(clock, options.breaker);
    tools.turn?.onTurn(() => this.limiter.empty());
    const name = `${id.replaceAll(/\W/g, '_')}_call_seconds`;
    this.latency = meter.histogram(name, `Time of a call to ${id}, failed ones included`, LATENCY_BUCKETS);
    meter.gauge(
      'breaker_open',
      'Circuit breaker: 0 closed, 0.5 probing, 1 open',
      () => BREAKER_LEVEL[this.breaker.state],
      { vendor },
    );
  }

  /**
   * Calls until there is an answer or no more sense in calling. Never rejects.
   * @param credits cost of each attempt, spent from the budget
   */
  async make<T>(call: () => Promise<T>, credits = 0): Promise<T | MarketDataError> {
    let failure: MarketDataError | undefined;
    for (let attempt = 0; ; attempt++) {
      // looked at before the wait as well: a call that will not be made should neither queue nor use up the rate
      if (this.breaker.state === 'open') return failure ?? this.notMade();
      if (!this.isOurTurn) return this.notOurTurn();
      await this.limiter.take();
      const paid = credits === 0 ? undefined : this.options.budget?.take(credits);
      // a refusal is judged below, like one of the vendor's
      await paid?.catch(() => undefined);
      if (this.isStopped) return new SourceFailedError(this.vendor, 'stopped');
      if (!this.isOurTurn) return this.notOurTurn();
      const permit = this.breaker.admit();
      if (permit === undefined) return failure ?? this.notMade();
      if (attempt > 0) this.count('vendor_retries_total', 'Calls that repeat one that failed');
      try {
        await paid;
        const answer = await this.timed(call);
        this.answered('ok', permit);
        return answer;
      } catch (error) {
        failure = this.judge(error, permit);
        if (!failure.retryable || attempt + 1 >= this.options.tries) return failure;
        await this.pause(backoffMs(attempt, this.options.backoff, this.tools.random));
      }
    }
  }

  /** Whether no call is made now: after failures, or because the vendor wants a pause. */
  get isPaused(): boolean {
    return this.breaker.state === 'open' || this.limiter.isPaused;
  }

  /** One call whose failure says nothing about the vendor's others, and that is made only while those are well. Never rejects. */
  async makeAside<T>(call: () => Promise<T>): Promise<T | MarketDataError> {
    if (this.breaker.state !== 'closed') return this.notMade();
    await this.limiter.take();
    if (this.isStopped) return new SourceFailedError(this.vendor, 'stopped');
    if (!this.isOurTurn) return this.notOurTurn();
    if (this.breaker.state !== 'closed') return this.notMade();
    try {
      const answer = await this.timed(call);
      this.countOutcome('ok');
      return answer;
    } catch (error) {
      const failure = asFailure(this.vendor, error);
      if (this.isStopped) return failure;
      this.countOutcome(outcomeOf(failure));
      if (failure instanceof VendorFrameError) this.malformed(failure);
      if (failure instanceof VendorRateLimitError)
        this.limiter.pauseFor(Math.min(failure.retryAfterMs, this.options.longestPauseMs));
      return failure;
    }
  }

  /** Calls that wait fail at once, as do all later ones. */
  stop(): void {
    this.isStopped = true;
    this.limiter.stop();
    this.options.budget?.stop();
    for (const end of this.pauses) end();
  }

  private async timed<T>(call: () => Promise<T>): Promise<T> {
    const started = this.clock.elapsed();
    try {
      return await call();
    } finally {
      this.latency.observe((this.clock.elapsed() - started) / 1000);
    }
  }

  private get isOurTurn(): boolean {
    return this.tools.turn?.mayCall(this.vendor) ?? true;
  }

  private notOurTurn(): SourceFailedError {
    return new SourceFailedError(this.vendor, 'another node of the fleet calls it');
  }

  private notMade(): SourceFailedError {
    return new SourceFailedError(this.vendor, `not asked after failures: ${this.keeper.lastError}`);
  }

  /** Books a failed call, and says what the caller gets. */
  private judge(error: unknown, permit: Permit): MarketDataError {
    const failure = asFailure(this.vendor, error);
    // calls that end because we do say nothing about the vendor
    if (this.isStopped) return failure;
    const outcome = outcomeOf(failure);
    if (outcome === 'no-quote') {
      // an instrument the vendor does not have says nothing against the vendor
      this.answered(outcome, permit);
      return failure;
    }
    this.countOutcome(outcome);
    if (failure instanceof VendorFrameError) this.malformed(failure);
    if (outcome !== 'unreachable') this.keeper.lastFrameAt = this.clock.now();
    permit.failed(this.openMs(failure));
    this.keeper.lastError = failure.message;
    // while we wait as asked nobody is served, so the next vendor should be
    if (this.breaker.state === 'open' || this.limiter.isPaused) this.keeper.become('down', failure.message);
    return failure;
  }

  /** How long the vendor is to be left alone for this one failure; undefined when it only counts. */
  private openMs(failure: MarketDataError): number | undefined {
    if (isRefusal(failure)) return this.options.refusedMs;
    if (!(failure instanceof VendorRateLimitError)) return undefined;
    if (failure.retryAfterMs > this.options.longestPauseMs) return failure.retryAfterMs;
    this.limiter.pauseFor(failure.retryAfterMs);
    return undefined;
  }

  private answered(outcome: Outcome, permit: Permit): void {
    this.countOutcome(outcome);
    this.keeper.lastFrameAt = this.clock.now();
    permit.succeeded();
    // an answer that was under way while the vendor turned others away is no recovery
    if (this.breaker.state === 'closed' && !this.limiter.isPaused) this.keeper.become('live');
  }

  private countOutcome(outcome: Outcome): void {
    this.count('vendor_calls_total', 'Calls to vendors', { outcome });
  }

  private count(name: string, help: string, labels: Readonly<Record<string, string>> = {}): void {
    this.tools.meter.counter(name, help, { vendor: this.vendor, ...labels }).add();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.pauses.delete(end);
        resolve();
      };
      const cancel = this.clock.after(ms, end);
      this.pauses.add(end);
    });
  }
}

function asFailure(vendor: VendorId, error: unknown): SourceFailedError {
  if (error instanceof SourceFailedError) return error;
  return new SourceFailedError(vendor, error instanceof Error ? error.message : String(error), { cause: error });
}

function isRefusal(failure: MarketDataError): boolean {
  return failure instanceof VendorRefusedError || (failure instanceof HttpStatusError && failure.status === 403);
}

function outcomeOf(failure: SourceFailedError): Outcome {
  if (failure instanceof VendorRateLimitError) return 'rate-limited';
  if (isRefusal(failure)) return 'refused';
  if (failure instanceof HttpStatusError) return 'failed';
  if (failure instanceof VendorFrameError) return 'malformed';
  return failure.retryable ? 'unreachable' : 'no-quote';
}
