import type { LastValueStore, QuoteState, ReplayBuffer } from '#cache';
import type { Cancel, Clock, InstrumentId } from '#domain';
import type { Arrivals } from '#fetcher';
import type { SharedLog } from './shared-log.js';
import type { UpdateFollower } from './update-follower.js';

/** What a client that returns waits at most before it gets snapshots instead, ms. */
const PATIENCE_MS = 250;

/** Fetches what a client has missed on another node, so that it can be replayed from here. */
export class CatchUp {
  constructor(
    private readonly follower: UpdateFollower,
    private readonly log: SharedLog,
    private readonly lastValues: LastValueStore,
    private readonly replay: ReplayBuffer,
    private readonly arrivals: Arrivals,
    private readonly clock: Clock,
    /** Has instruments followed here from now on. */
    private readonly request: (ids: readonly InstrumentId[]) => void,
  ) {}

  /** Whether there may be anything to fetch: this node keeps positions that another one counts. */
  get isPossible(): boolean {
    return this.follower.isAttached;
  }

  /** Resolves when all is there that can be had, or after a quarter of a second. Never rejects. */
  fetch(epoch: string, positions: ReadonlyMap<InstrumentId, number>): Promise<void> {
    let cancel: Cancel = () => undefined;
    const isLate = new Promise<void>((resolve) => {
      cancel = this.clock.after(PATIENCE_MS, resolve);
    });
    const isBrought = this.bring(epoch, positions)
      .catch(() => undefined)
      .finally(() => cancel());
    return Promise.race([isBrought, isLate]);
  }

  /** Waits until this node is as far as a client has been elsewhere. */
  private async reach(id: InstrumentId, sequence: number): Promise<void> {
    const isBehind = (): boolean => (this.lastValues.peek(id)?.sequence ?? Infinity) < sequence;
    while (isBehind()) if (!(await this.arrivals.next(id, PATIENCE_MS))) return;
  }

  private async bring(epoch: string, positions: ReadonlyMap<InstrumentId, number>): Promise<void> {
    const reached = Promise.all([...positions].map(([id, sequence]) => this.reach(id, sequence)));
    this.request([...positions.keys()]);
    await reached;
    const found = await this.log.since(epoch, positions);
    if (this.lastValues.epoch.name !== epoch) return;
    for (const [id, changes] of found) this.replay.refill(this.lastValues.peek(id) as QuoteState, changes);
  }
}
