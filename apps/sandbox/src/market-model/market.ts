import type { Cancel, Clock, Instrument, InstrumentId, Random } from '#domain';
import { type Company, Listing } from './listing.js';
import { exponential, seededRandom } from './seeded-random.js';
import { clockPhase, type Phase } from './session.js';

/** An instrument and the price it closed at yesterday. */
export interface Reference {
  readonly instrument: Instrument;
  readonly price: number;
}

export interface MarketOptions {
  readonly seed: number;
  /** Mean ticks of one instrument a second. */
  readonly ticksPerSecond: number;
  readonly session: 'always' | 'clock';
  readonly stepMs: number;
}

/** Mean time between two such events over the whole market, and how long one lasts, ms. */
const BURST = { every: 10_000, lasts: 4000, factor: 20 };
const HALT = { every: 60_000, lasts: 8000 };

/** A market that trades by itself: seeded, so that the same seed and clock give the same day. */
export class Market {
  readonly listings = new Map<InstrumentId, Listing>();
  phase: Phase = 'closed';
  ticks = 0;

  private readonly random: Random;
  private readonly all: Listing[];
  private readonly listeners = new Set<(moved: readonly Listing[]) => void>();
  private nextBurst = 0;
  private nextHalt = 0;
  private timer: Cancel | undefined;

  constructor(
    references: readonly Reference[],
    private readonly clock: Clock,
    private readonly options: MarketOptions,
  ) {
    this.random = seededRandom(options.seed);
    const companies = new Map<string, Company>();
    for (const { instrument, price } of references) {
      const company = companies.get(instrument.ticker) ?? { fair: price, volatility: 0.008 + this.random() * 0.02 };
      companies.set(instrument.ticker, company);
      this.listings.set(instrument.id, new Listing(instrument, company, price, this.random));
    }
    this.all = [...this.listings.values()];
  }

  /** Called after each step with what moved in it, oldest trade first. */
  onStep(listener: (moved: readonly Listing[]) => void): void {
    this.listeners.add(listener);
  }

  start(): void {
    const now = this.clock.now();
    this.nextBurst = now + exponential(this.random, BURST.every);
    this.nextHalt = now + exponential(this.random, HALT.every);
    for (const listing of this.all) listing.nextAt = now + this.gap(listing, now);
    this.schedule();
  }

  stop(): void {
    this.timer?.();
    this.timer = undefined;
  }

  /** Trades up to now. The timer calls it; tests may. */
  step(): void {
    const now = this.clock.now();
    const moved = new Set<Listing>();
    this.enter(this.options.session === 'always' ? 'continuous' : clockPhase(now), now, moved);
    if (this.phase === 'continuous') this.disturb(now);
    if (this.phase !== 'closed') {
      for (const listing of this.all) {
        if (listing.nextAt > now) continue;
        if (listing.haltedUntil <= now) {
          if (this.phase === 'continuous')
            listing.trade(now, Math.max(0.001, (now - (listing.tradedAt ?? now)) / 1000));
          else listing.quote();
          moved.add(listing);
          this.ticks++;
        }
        listing.nextAt = now + this.gap(listing, now);
      }
    }
    this.announce(moved);
  }

  /** Makes a trade happen at a price, and keeps the market there. Undefined when there is no such instrument. */
  print(id: InstrumentId, price: number): Listing | undefined {
    const listing = this.listings.get(id);
    if (listing === undefined) return undefined;
    listing.reprice(price);
    listing.print(price, 1, this.clock.now());
    this.announce(new Set([listing]));
    return listing;
  }

  private enter(phase: Phase, now: number, moved: Set<Listing>): void {
    if (phase === this.phase) return;
    this.phase = phase;
    if (phase !== 'continuous') return;
    for (const listing of this.all) {
      listing.openAuction(now);
      moved.add(listing);
      this.ticks++;
    }
  }

  /** Now and then one instrument is traded by everybody, and one by nobody. */
  private disturb(now: number): void {
    if (now >= this.nextBurst) {
      this.pick().burstUntil = now + BURST.lasts;
      this.nextBurst = now + exponential(this.random, BURST.every);
    }
    if (now >= this.nextHalt) {
      this.pick().haltedUntil = now + HALT.lasts;
      this.nextHalt = now + exponential(this.random, HALT.every);
    }
  }

  private pick(): Listing {
    return this.all[Math.floor(this.random() * this.all.length)] as Listing;
  }

  private gap(listing: Listing, now: number): number {
    const mean = 1000 / this.options.ticksPerSecond;
    return exponential(this.random, listing.burstUntil > now ? mean / BURST.factor : mean);
  }

  private announce(moved: ReadonlySet<Listing>): void {
    if (moved.size === 0) return;
    const list = [...moved];
    for (const listener of this.listeners) listener(list);
  }

  private schedule(): void {
    this.timer = this.clock.after(this.options.stepMs, () => {
      this.step();
      this.schedule();
    });
  }
}
