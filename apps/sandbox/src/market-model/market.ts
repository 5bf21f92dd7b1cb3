import type { Cancel, Clock, Instrument, InstrumentId, Random } from '#domain';
import { Company } from './company.js';
import { Listing } from './listing.js';
import { exponential, seededRandom } from './seeded-random.js';
import { clockPhase, type Phase, tradingDay } from './session.js';

/** An instrument and the price it closed at yesterday. */
export interface Reference {
  readonly instrument: Instrument;
  readonly price: number;
}

export interface MarketOptions {
  readonly seed: number;
  /** Mean ticks of one instrument a second. */
  readonly ticksPerSecond: number;
  /** `always`: one day that does not end; `clock`: Indian trading hours, each day from its own previous close. */
  readonly session: 'always' | 'clock';
  readonly stepMs: number;
}

/** Mean time between two such events over the whole market, and how long one lasts, ms. */
const BURST = { every: 10_000, lasts: 4000, factor: 20 };
const HALT = { every: 60_000, lasts: 8000 };
/** Lateness from which the process was asleep: ticks before that are not made up for. */
const ASLEEP_MS = 5000;

/** A market that trades by itself: seeded, so that the same seed and clock give the same day. */
export class Market {
  readonly listings = new Map<InstrumentId, Listing>();
  phase: Phase = 'closed';
  ticks = 0;

  private readonly random: Random;
  private readonly all: Listing[];
  private readonly companies = new Map<string, Company>();
  private readonly listeners = new Set<(moved: readonly Listing[]) => void>();
  private nextBurst = 0;
  private nextHalt = 0;
  private day: number | undefined;
  private timer: Cancel | undefined;

  constructor(
    references: readonly Reference[],
    private readonly clock: Clock,
    private readonly options: MarketOptions,
  ) {
    this.random = seededRandom(options.seed);
    for (const { instrument, price } of references) {
      const { ticker } = instrument;
      const company = this.companies.get(ticker) ?? new Company(price, 0.008 + this.random() * 0.02);
      this.companies.set(ticker, company);
      this.listings.set(instrument.id, new Listing(instrument, company, price, this.random, clock.now()));
    }
    this.all = [...this.listings.values()];
  }

  /** Called after each step with what moved in it, each listing once. */
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
    if (this.phase === 'continuous') this.disturb(now, moved);
    if (this.phase !== 'closed') {
      for (const listing of this.all) if (listing.nextAt <= now) this.catchUp(listing, now, moved);
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
    if (phase !== 'closed') this.enterDay(now, moved);
    if (phase === this.phase) return;
    this.phase = phase;
    if (phase !== 'continuous') return;
    for (const listing of this.all) {
      listing.openAuction(now);
      moved.add(listing);
      this.ticks++;
    }
  }

  private enterDay(now: number, moved: Set<Listing>): void {
    const day = this.options.session === 'always' ? 0 : tradingDay(now);
    if (day === this.day) return;
    this.day = day;
    // also where no step fell into the night
    this.phase = 'closed';
    for (const company of this.companies.values()) company.startDay(now, this.random);
    for (const listing of this.all) {
      listing.startDay(now);
      listing.nextAt = now + this.gap(listing, now);
      moved.add(listing);
    }
  }

  /** Does what is due of one listing: several ticks where they come faster than steps. */
  private catchUp(listing: Listing, now: number, moved: Set<Listing>): void {
    if (now - listing.nextAt > Math.max(ASLEEP_MS, 2 * this.options.stepMs)) listing.nextAt = now;
    while (listing.nextAt <= now) {
      if (listing.haltedUntil <= now) {
        if (this.phase === 'continuous') listing.trade(now);
        else listing.quote(now);
        moved.add(listing);
        this.ticks++;
      }
      listing.nextAt += this.gap(listing, now);
    }
  }

  /** Now and then one instrument is traded by everybody, and one by nobody. */
  private disturb(now: number, moved: Set<Listing>): void {
    if (now >= this.nextBurst) {
      this.pick().burstUntil = now + BURST.lasts;
      this.nextBurst = now + exponential(this.random, BURST.every);
    }
    if (now >= this.nextHalt) {
      const halted = this.pick();
      halted.haltedUntil = now + HALT.lasts;
      // that nothing will come of it is the last thing told of it
      moved.add(halted);
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
