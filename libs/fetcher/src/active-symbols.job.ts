import type { Clock, Instrument, InstrumentId } from '#domain';
import type { Demand, Tier } from './demand.js';
import type { FeedSupervisor } from './feed-supervisor.js';
import type { Refresher } from './refresher.js';

export interface RefreshOptions {
  /** Time between two refreshes of an instrument of each tier, ms. */
  readonly intervals: Readonly<Record<Tier, number>>;
  /** The same for an exchange that is closed, ms. */
  readonly closedIntervalMs: number;
  /** Whether an exchange trades now. */
  isTrading(exchange: string): boolean;
}

/** The regular round: feeds carry what is wanted, and vendors that must be asked are asked for what is due. */
export class ActiveSymbolsJob {
  constructor(
    private readonly demand: Demand,
    private readonly supervisor: FeedSupervisor,
    private readonly refresher: Refresher,
    private readonly clock: Clock,
    private readonly options: RefreshOptions,
    /** Length of the round, ms: what falls due before the next one is refreshed in this one. */
    readonly everyMs: number,
  ) {}

  run(): void {
    this.supervisor.reconcile();
    this.refreshDue();
  }

  /** Asks for what is due now; new demand calls it without waiting for the round. */
  refreshDue(): void {
    const horizon = this.clock.now() + this.everyMs / 2;
    for (const [source, instruments] of this.supervisor.polled()) {
      const unserved = source.unserved();
      const due = instruments.filter((instrument) => !unserved.has(instrument.id) && this.dueAt(instrument) <= horizon);
      // hot instruments first, and no more than can be asked before the next round: in a queue they would wait behind all others
      due.sort((a, b) => this.interval(a) - this.interval(b) || this.asked(a.id) - this.asked(b.id));
      const room = Math.ceil((source.perSecond * this.everyMs) / 1000) - source.status().instruments;
      if (due.length > 0 && room > 0) this.refresher.refresh(source, due.slice(0, room));
    }
  }

  private dueAt(instrument: Instrument): number {
    const asked = this.asked(instrument.id);
    return asked === 0 ? 0 : asked + this.interval(instrument);
  }

  private asked(id: InstrumentId): number {
    return this.refresher.lastAsked(id);
  }

  private interval({ id, exchange }: Instrument): number {
    const { closedIntervalMs, intervals } = this.options;
    if (!this.options.isTrading(exchange)) return closedIntervalMs;
    return intervals[this.demand.tier(id)];
  }
}
