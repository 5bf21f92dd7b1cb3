import type { Clock, InstrumentId } from '#domain';

/** How often an instrument's quote is refreshed where a vendor must be asked for it. */
export type Tier = 'hot' | 'normal' | 'watched';

export interface DemandOptions {
  /** Subscribers, or requests in the last minute, from which an instrument is hot. */
  readonly hotFrom: number;
  /** How long an instrument is kept current after someone has asked for it without subscribing, ms. */
  readonly watchMs: number;
}

interface Interest {
  /** Decaying count of requests: halves every 30 seconds, so it is about the requests of the last minute. */
  rate: number;
  at: number;
}

const HALF_LIFE_MS = 30_000;

/** Who wants what now: subscribers, recent readers, and the list that is always watched. */
export class Demand {
  private subscribed = new Set<InstrumentId>();
  private elsewhere: ReadonlySet<InstrumentId> = new Set();
  private readonly interest = new Map<InstrumentId, Interest>();
  private changed: () => void = () => undefined;

  /**
   * @param essential instruments watched whether anybody asks or not
   * @param subscribers how many clients want an instrument
   */
  constructor(
    private readonly clock: Clock,
    private readonly options: DemandOptions,
    private readonly essential: readonly InstrumentId[],
    private readonly subscribers: (id: InstrumentId) => number,
  ) {}

  /** Replaces the set of subscribed instruments. */
  subscribe(wanted: Iterable<InstrumentId>): void {
    this.subscribed = new Set(wanted);
    this.changed();
  }

  /** Called when this node wants more, or other instruments than before. What is forgotten for its age is not told. */
  onChange(listener: () => void): void {
    this.changed = listener;
  }

  /** Replaces the set that other nodes of the fleet want. */
  want(elsewhere: ReadonlySet<InstrumentId>): void {
    this.elsewhere = elsewhere;
  }

  /** Wanted by clients and readers of this node, and by the list that is always watched. */
  own(): Set<InstrumentId> {
    const now = this.clock.now();
    const wanted = new Set([...this.essential, ...this.subscribed]);
    for (const [id, interest] of this.interest) {
      if (now - interest.at > this.options.watchMs) this.interest.delete(id);
      else wanted.add(id);
    }
    return wanted;
  }

  /** Notes a request without a subscription. True when the instrument was not wanted before. */
  request(id: InstrumentId): boolean {
    const now = this.clock.now();
    const interest = this.interest.get(id);
    if (interest === undefined) {
      this.interest.set(id, { rate: 1, at: now });
      this.changed();
      return !this.subscribed.has(id);
    }
    interest.rate = this.decayed(interest, now) + 1;
    interest.at = now;
    return false;
  }

  /** Everything wanted now, each once; forgets what nobody has asked for lately. */
  wanted(): Set<InstrumentId> {
    const wanted = this.own();
    for (const id of this.elsewhere) wanted.add(id);
    return wanted;
  }

  tier(id: InstrumentId): Tier {
    const interest = this.interest.get(id);
    const requests = interest === undefined ? 0 : this.decayed(interest, this.clock.now());
    if (this.subscribers(id) >= this.options.hotFrom || requests >= this.options.hotFrom) return 'hot';
    return this.subscribed.has(id) || this.elsewhere.has(id) ? 'normal' : 'watched';
  }

  private decayed({ rate, at }: Interest, now: number): number {
    return rate * 0.5 ** ((now - at) / HALF_LIFE_MS);
  }
}
