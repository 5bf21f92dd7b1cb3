import type { Random } from '#domain';

export const TARGETS = ['bse', 'fyers', 'upstox', 'alphavantage', 'twelvedata', 'polygon', 'json'] as const;
export type Target = (typeof TARGETS)[number];

export const FAULT_KINDS = ['delay', 'error', 'rate-limit', 'stall', 'disconnect', 'malformed', 'wrong-price'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Something a vendor does wrong until it is told to stop. */
export interface Fault {
  readonly target: Target;
  readonly kind: FaultKind;
  /** `delay`: how much later answers come. */
  readonly ms?: number;
  /** `error`: HTTP status. */
  readonly status?: number;
  /** `rate-limit`: what `Retry-After` says. */
  readonly retryAfterSeconds?: number;
  /** `error`, `malformed`, `wrong-price`: share of answers or records affected, 0 to 1; all when absent. */
  readonly share?: number;
  /** `wrong-price`: the one instrument affected; all when absent. */
  readonly symbol?: string;
  /** `wrong-price`: the price is multiplied by it. */
  readonly factor?: number;
}

/** Which faults are on. Vendors ask it at the moment they would do the right thing. */
export class FaultSwitch {
  private readonly active = new Map<string, Fault>();
  private readonly listeners = new Set<(fault: Fault) => void>();

  constructor(private readonly random: Random) {}

  /** Called when a fault is switched on. */
  onSet(listener: (fault: Fault) => void): void {
    this.listeners.add(listener);
  }

  /** Switches a fault on; one of each kind per target. */
  set(fault: Fault): void {
    this.active.set(`${fault.target} ${fault.kind}`, fault);
    for (const listener of this.listeners) listener(fault);
  }

  /** Switches all faults off, or those of one target. */
  clear(target?: Target): void {
    for (const [key, fault] of this.active)
      if (target === undefined || fault.target === target) this.active.delete(key);
  }

  list(): Fault[] {
    return [...this.active.values()];
  }

  /** The fault if it is on, and strikes this time. */
  strikes(target: Target, kind: FaultKind): Fault | undefined {
    const fault = this.active.get(`${target} ${kind}`);
    return fault !== undefined && this.random() < (fault.share ?? 1) ? fault : undefined;
  }

  /** A price as the vendor would send it now: wrong where it should be. */
  price(target: Target, symbol: string, price: number): number {
    const fault = this.strikes(target, 'wrong-price');
    if (fault === undefined || (fault.symbol !== undefined && fault.symbol !== symbol)) return price;
    return price * (fault.factor ?? 100);
  }
}
