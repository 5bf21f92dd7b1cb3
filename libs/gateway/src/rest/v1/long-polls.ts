import type { Clock } from '#domain';
import type { Hub } from '#subscription';
import type { Caller } from '../../access/caller.js';
import type { Sessions } from '../../session/sessions.js';
import { LongPollWire } from './long-poll-wire.js';

/** A reader that rather waits than be told what it knows. */
export interface LongPoll {
  readonly caller: Caller;
  readonly symbols: readonly string[];
  readonly waitMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** Holds requests back until there is news. Each waiting one is a client of the hub and counts as a connection. */
export class LongPolls {
  constructor(
    private readonly sessions: Sessions,
    private readonly hub: Hub,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads at once and again with every change of the symbols, until a reading is news, the time is over, the reader is gone or the
   * server is leaving; answers the last reading.
   * @throws MarketDataError `CONNECTION_LIMIT` or `SERVER_DRAINING` when there is no news and no room to wait
   */
  async read<T>(
    { caller, symbols, waitMs, gone }: LongPoll,
    read: () => Promise<T>,
    isNews: (reading: T) => boolean,
  ): Promise<T> {
    const deadline = this.clock.elapsed() + waitMs;
    let reading = await read();
    if (isNews(reading) || waitMs === 0 || gone.aborted) return reading;
    const wire = this.watch(symbols, caller);
    gone.addEventListener('abort', () => wire.close());
    try {
      while (!this.sessions.isDraining && !wire.isClosed) {
        // also before the first wait: something may have changed while nobody watched
        reading = await read();
        const leftMs = deadline - this.clock.elapsed();
        if (isNews(reading) || leftMs <= 0) break;
        await wire.change(leftMs);
      }
      return reading;
    } finally {
      wire.release();
    }
  }

  private watch(symbols: readonly string[], caller: Caller): LongPollWire {
    const refusal = this.sessions.refusal(caller);
    if (refusal !== undefined) throw this.sessions.refused(refusal);
    const wire = new LongPollWire(
      this.clock,
      () => session.client.probeAnswered(this.clock.now()),
      () => this.sessions.close(session),
    );
    const session = this.sessions.open(wire, 'websocket', 'json', caller);
    // not an action of the client: it takes nothing of what the tier lets it subscribe; what is refused is an error in the reading too
    this.hub.subscribe(session.client, { symbols: [...symbols], mode: 'quote', compression: 'delta', batch: true });
    return wire;
  }
}
