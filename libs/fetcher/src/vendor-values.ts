import type { QuoteState, ValueSource } from '#cache';
import { type Clock, type MarketDataError, type SnapshotSource, SourceFailedError } from '#domain';
import type { QuoteStatus } from '#protocol';
import type { Arrivals } from './arrivals.js';
import type { Demand } from './demand.js';
import { isAble, isFeed } from './distribution.js';
import type { FeedSupervisor } from './feed-supervisor.js';
import type { Freshness } from './freshness.js';
import type { Pauses } from './pauses.js';
import type { Refresher } from './refresher.js';

/** Gives readers without a subscription a value: by asking a vendor, or by waiting for the first tick of a stream. */
export class VendorValues implements ValueSource {
  private isReconciling = false;

  constructor(
    private readonly supervisor: FeedSupervisor,
    private readonly refresher: Refresher,
    private readonly arrivals: Arrivals,
    private readonly demand: Demand,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
    /** How long one vendor may take, ms: a reader waits for neither a silent stream nor a queue behind a rate limit. */
    private readonly patienceMs: number,
    private readonly pauses?: Pauses,
  ) {}

  isCurrent(state: QuoteState): boolean {
    // nobody may bring it up to date, so its readers get what there is, with its age
    return this.isPaused(state) || this.freshness.isCurrent(state);
  }

  statusOf(state: QuoteState): QuoteStatus {
    return this.freshness.now(state);
  }

  doubts({ instrument }: QuoteState, confirmedAt: number): boolean {
    return this.pauses?.doubts(instrument.id, confirmedAt) === true;
  }

  requested(state: QuoteState): void {
    if (!this.demand.request(state.instrument.id) || this.isReconciling) return;
    // the symbols of one request are new at the same moment
    this.isReconciling = true;
    this.clock.after(0, () => {
      this.isReconciling = false;
      this.supervisor.reconcile();
    });
  }

  async refresh(state: QuoteState): Promise<MarketDataError | undefined> {
    const { instrument } = state;
    if (this.isPaused(state))
      return new SourceFailedError('vendors', `${instrument.id} is paused`, { retryable: true });
    // in a fleet one node asks the vendors: what is wanted here is announced, and comes like any other quote
    if (this.freshness.elsewhere !== undefined) return this.awaitTick(state, 'fleet');
    let error: MarketDataError = new SourceFailedError('vendors', `none in use has ${instrument.id}`, {
      retryable: false,
    });
    for (const carrier of this.supervisor.candidates(instrument)) {
      const { state: health } = carrier.status();
      if (!isAble({ state: health }) || (!isFeed(carrier) && carrier.unserved().has(instrument.id))) {
        const reason = isAble({ state: health }) ? `has no ${instrument.id}` : `is ${health}`;
        error = new SourceFailedError(carrier.vendor, `${carrier.id} ${reason}`);
        continue;
      }
      const failed = isFeed(carrier) ? await this.awaitTick(state, carrier.vendor) : await this.ask(carrier, state);
      if (failed === undefined) return undefined;
      error = failed;
    }
    return error;
  }

  private isPaused({ instrument }: QuoteState): boolean {
    return this.pauses?.has(instrument.id) === true;
  }

  private ask(source: SnapshotSource, { instrument }: QuoteState): Promise<MarketDataError | undefined> {
    return new Promise((resolve) => {
      const late = new SourceFailedError(source.vendor, `no answer for ${instrument.id} within ${this.patienceMs} ms`);
      const cancel = this.clock.after(this.patienceMs, () => resolve(late));
      void this.refresher
        .refresh(source, [instrument])
        .get(instrument.id)
        ?.then((failed) => {
          cancel();
          return resolve(failed);
        });
    });
  }

  private async awaitTick({ instrument }: QuoteState, vendor: string): Promise<MarketDataError | undefined> {
    if (await this.arrivals.next(instrument.id, this.patienceMs)) return undefined;
    return new SourceFailedError(vendor, `no tick of ${instrument.id} within ${this.patienceMs} ms`);
  }
}
