import type { LastValueStore, QuoteState } from '#cache';
import type {
  Clock,
  FeedSink,
  FeedStatus,
  Instrument,
  InstrumentId,
  InstrumentMaster,
  Log,
  SnapshotSource,
  VendorId,
} from '#domain';
import type { Demand } from './demand.js';
import { type Carrier, Distributor, isAble, isFeed } from './distribution.js';

/** Runs the carriers: gives each the instruments it is to bring, and moves them on when it fails. */
export class FeedSupervisor {
  private readonly distributor: Distributor;
  private readonly delayed: ReadonlySet<VendorId>;
  private carried: ReadonlyMap<Carrier, readonly Instrument[]> = new Map();
  private readonly byInstrument = new Map<InstrumentId, Carrier[]>();
  private statusListener: (status: FeedStatus) => void = () => undefined;
  private isReconciling = false;
  private isIngesting = true;
  private mayIngest: () => boolean = () => true;
  /** A carrier's state changed while instruments were being distributed by the old one. */
  private isOutdated = false;

  /** @param carriers in the user's order of preference */
  constructor(
    private readonly carriers: readonly Carrier[],
    private readonly master: InstrumentMaster,
    private readonly lastValues: LastValueStore,
    private readonly demand: Demand,
    private readonly log: Log,
    clock: Clock,
  ) {
    this.delayed = new Set(carriers.filter(({ isDelayed }) => isDelayed === true).map(({ vendor }) => vendor));
    this.distributor = new Distributor(carriers, clock, (id) => demand.tier(id) === 'hot');
  }

  start(sink: Omit<FeedSink, 'status'>): void {
    const status = (news: FeedStatus): void => this.stateChanged(news);
    for (const carrier of this.carriers) {
      carrier.start({ tick: (tick) => sink.tick(tick), malformed: (...args) => sink.malformed(...args), status });
    }
  }

  /** Called after a carrier's state has changed and its instruments have been moved. */
  onStatus(listener: (status: FeedStatus) => void): void {
    this.statusListener = listener;
  }

  /** Whether the carriers may be used: in a fleet one node at a time talks to the vendors. */
  ingest(may: boolean): void {
    if (this.isIngesting === may) return;
    this.isIngesting = may;
    this.reconcile();
    // the next node may not connect while we linger
    if (!may) for (const carrier of this.carriers) if (isFeed(carrier)) carrier.release?.();
  }

  /** Looked at before every round: the right to use the carriers may have ended without anybody having been told. */
  onlyWhile(mayIngest: () => boolean): void {
    this.mayIngest = mayIngest;
  }

  /** Whether this process brings prices in, rather than another of its fleet. */
  get isActive(): boolean {
    return this.isIngesting && this.mayIngest();
  }

  /** Makes the carriers carry exactly what is wanted. */
  reconcile(): void {
    this.isOutdated = true;
    if (this.isReconciling) return;
    this.isReconciling = true;
    // a carrier may learn at once that it cannot serve; a second look is enough, the next round makes good what is left
    for (let look = 0; look < 2 && this.isOutdated; look++) {
      this.isOutdated = false;
      this.distribute();
    }
    this.isReconciling = false;
  }

  /** What each source that must be asked is to bring. */
  *polled(): Iterable<[SnapshotSource, readonly Instrument[]]> {
    if (!this.isActive) return;
    for (const [carrier, carried] of this.carried) if (!isFeed(carrier)) yield [carrier, carried];
  }

  /** Carriers that bring an instrument now, its home first. */
  carriersOf(id: InstrumentId): readonly Carrier[] {
    return this.byInstrument.get(id) ?? [];
  }

  /** Every carrier that has the instrument and may be used, preferred first, whether it is wanted or not. */
  *candidates(instrument: Instrument): Iterable<Carrier> {
    if (!this.isActive) return;
    for (const carrier of this.carriers) if (carrier.carries(instrument)) yield carrier;
  }

  /** Whether any vendor has the instrument. */
  isCarried(instrument: Instrument): boolean {
    return this.carriers.some((carrier) => carrier.carries(instrument));
  }

  /** Whether a stream that carries the instrument now has said this value, or confirmed it: its silence since means that nothing happened. */
  isStreamed({ instrument, latestSource, pricedAt }: QuoteState): boolean {
    return this.carriersOf(instrument.id).some((carrier) => {
      if (!isFeed(carrier) || carrier.vendor !== latestSource) return false;
      const since = carrier.streamingSince(instrument.id);
      return since !== undefined && pricedAt >= since;
    });
  }

  /** Whether a vendor's prices are not of now, whenever they come. */
  isDelayed(vendor: VendorId): boolean {
    return this.delayed.has(vendor);
  }

  statuses(): FeedStatus[] {
    return this.carriers.map((carrier) => carrier.status());
  }

  async stop(): Promise<void> {
    await Promise.all(this.carriers.map((carrier) => carrier.stop()));
  }

  private distribute(): void {
    const instruments: Instrument[] = [];
    for (const id of this.isActive ? this.demand.wanted() : []) {
      const instrument = this.master.get(id);
      if (instrument !== undefined) instruments.push(instrument);
    }
    const { carried, owners } = this.distributor.distribute(instruments);
    this.carried = carried;
    this.byInstrument.clear();
    for (const [carrier, its] of carried) {
      for (const { id } of its) {
        const known = this.byInstrument.get(id);
        if (known === undefined) this.byInstrument.set(id, [carrier]);
        else known.push(carrier);
      }
    }
    for (const { id } of instruments) {
      const state = this.lastValues.peek(id);
      if (state !== undefined) state.owner = owners.get(id)?.vendor ?? '';
    }
    for (const [carrier, its] of carried) if (isFeed(carrier)) carrier.want(its);
  }

  private stateChanged(status: FeedStatus): void {
    const { id, state, lastError, instruments, unserved } = status;
    if (!isAble(status)) this.log.warn({ feed: id, state, error: lastError }, 'feed state');
    else if (unserved > 0)
      this.log.warn(
        { feed: id, state, instruments, unserved, error: lastError },
        'feed brings no prices for some symbols',
      );
    else this.log.info({ feed: id, state }, 'feed state');
    this.reconcile();
    this.statusListener(status);
  }
}
