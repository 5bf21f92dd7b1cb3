import type { Clock } from '#domain';

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly threshold: number;
  /** How long it stays open the first time, ms; doubled while probes fail. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Leave to make one call. Its outcome must be told once, whatever it is. */
export interface Permit {
  succeeded(): void;
  /** @param openMs opens the circuit at once for at least this long, whatever the count */
  failed(openMs?: number): void;
}

/** Stops calls to a vendor that fails, and finds out with one call at a time whether it is back. */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;
  private openMs: number;
  /** How often the circuit has opened. */
  private openings = 0;
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

  /** Undefined when no call may be made now. In half-open state one may, until its outcome is told. */
  admit(): Permit | undefined {
    const { state, openings } = this;
    if (state === 'open' || this.isProbing) return undefined;
    const isProbe = state === 'half-open';
    this.isProbing = isProbe;
    // a call from before the last opening says nothing about the vendor now, unless the vendor turned it away
    const isOld = (): boolean => openings !== this.openings;
    return {
      succeeded: () => {
        if (!isOld()) this.close();
      },
      failed: (openMs) => {
        if (openMs !== undefined) return this.open(openMs);
        if (isOld()) return;
        this.failures++;
        if (isProbe) this.openMs = Math.min(this.options.maxOpenMs, this.openMs * 2);
        if (isProbe || this.failures >= this.options.threshold) this.open(this.openMs);
      },
    };
  }

  private open(ms: number): void {
    this.openings++;
    this.isProbing = false;
    this.openUntil = Math.max(this.openUntil, this.clock.now() + ms);
  }

  private close(): void {
    this.failures = 0;
    this.openUntil = 0;
    this.isProbing = false;
    this.openMs = this.options.openMs;
  }
}
