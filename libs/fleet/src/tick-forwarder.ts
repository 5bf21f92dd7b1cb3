import type { InstrumentId, Tick } from '#domain';
import type { Followers, TickFollower } from '#fetcher';
import type { ForwardedTick } from './tick-codec.js';

/** Those who need each tick of an instrument: here, and on other nodes. Stands in for the map of those here. */
export class TickForwarder implements Followers {
  private elsewhere: ReadonlySet<InstrumentId> = new Set();
  private here: TickFollower | undefined;
  private readonly both: TickFollower = {
    accepted: (tick, volume) => this.accepted(tick, volume),
    late: (tick) => this.late(tick),
  };

  constructor(
    private readonly local: Followers,
    private readonly forward: (forwarded: ForwardedTick) => void,
  ) {}

  /** Replaces the set of instruments that other nodes need each tick of. */
  want(elsewhere: ReadonlySet<InstrumentId>): void {
    this.elsewhere = elsewhere;
  }

  get size(): number {
    return this.local.size + this.elsewhere.size;
  }

  /** Good until the next call. */
  get(id: InstrumentId): TickFollower | undefined {
    this.here = this.local.get(id);
    return this.elsewhere.has(id) ? this.both : this.here;
  }

  private accepted(tick: Tick, volume: number | undefined): boolean {
    this.here?.accepted(tick, volume);
    this.forward({ tick, volume, isLate: false });
    return true;
  }

  private late(tick: Tick): boolean {
    this.here?.late(tick);
    this.forward({ tick, volume: undefined, isLate: true });
    return true;
  }
}
