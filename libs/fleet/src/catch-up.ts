import type { LastValueStore, QuoteState, ReplayBuffer } from '#cache';
import type { Cancel, Clock, InstrumentId } from '#domain';
import type { Arrivals } from '#fetcher';
import type { SharedLog } from './shared-log.js';
import type { UpdateFollower } from './update-follower.js';

/** What a client that returns waits at most before it gets snapshots instead, ms. */
const PATIENCE_MS = 250;
/** Changes that a client has seen elsewhere and this node has not, at most: who claims more is in no need of them. */
const MOST_AHEAD = 1000;

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
  private async reach(id: InstrumentId, sequence: number, until: number): Promise<void> {
    for (;;) {
      const present = this.lastValues.peek(id)?.sequence ?? Infinity;
      const left = until - this.clock.elapsed();
      if (present >= sequence || left <= 0 || (present > 0 && sequence - present > MOST_AHEAD)) return;
      await this.arrivals.next(id, left);
    }
  }

  private async bring(epoch: string, positions: ReadonlyMap<InstrumentId, number>): Promise<void> {
    const until = this.clock.elapsed() + PATIENCE_MS;
    const possible = [...positions].filter(([, sequence]) => Number.isSafeInteger(sequence));
    const reached = Promise.all(possible.map(([id, sequence]) => this.reach(id, sequence, until)));
    this.request(possible.map(([id]) => id));
    await reached;
    const missed = possible.filter(([id, sequence]) => this.hasMissed(id, sequence));
    if (missed.length === 0 || this.lastValues.epoch.name !== epoch) return;
    const found = await this.log.since(epoch, new Map(missed));
    if (this.lastValues.epoch.name !== epoch) return;
    // others may have brought the same meanwhile
    for (const [id, sequence] of missed)
      if (this.hasMissed(id, sequence)) this.replay.refill(this.lastValues.peek(id) as QuoteState, found.get(id) ?? []);
  }

  /** Whether there are changes after a sequence that are not here. */
  private hasMissed(id: InstrumentId, sequence: number): boolean {
    const state = this.lastValues.peek(id);
    return state !== undefined && sequence < state.sequence && this.replay.missedSince(state, sequence) === undefined;
  }
}
