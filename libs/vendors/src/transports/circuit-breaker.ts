import type { Clock } from '#domain';

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly threshold: number;
  /** How long it stays open the first time; doubled while probes fail. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Stops calls to a vendor that fails, and finds out with one call at a time whether it is back. */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;
  private openMs: number;
  private isProbing = false;

  constructor(
    private readonly clock: Clock,
    private readonly options: BreakerOptions,
  ) {
    this.openMs = options.openMs;
  }

  get state(): BreakerState {
    if (this.openUntil === 0) return 'closed';
    return this.clock.now() < this.openUntil ? 'open' : 'half-open';
  }

  /** Whether a call may be made now. In half-open state only one is, until it has ended. */
  admits(): boolean {
    const { state } = this;
    if (state === 'closed') return true;
    if (state === 'open' || this.isProbing) return false;
    this.isProbing = true;
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    this.openUntil = 0;
    this.isProbing = false;
    this.openMs = this.options.openMs;
  }

  /** @param openMs opens the circuit at once for this long, whatever the count */
  failed(openMs?: number): void {
    this.failures++;
    const wasProbe = this.isProbing;
    this.isProbing = false;
    if (openMs === undefined && !wasProbe && this.failures < this.options.threshold) return;
    if (wasProbe) this.openMs = Math.min(this.options.maxOpenMs, this.openMs * 2);
    this.openUntil = this.clock.now() + (openMs ?? this.openMs);
  }
}
