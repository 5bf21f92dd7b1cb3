import type { QuoteState } from '#cache';
import type { FeedSink, FeedStatus, Instrument, InstrumentId, InstrumentMaster, Log, SnapshotSource } from '#domain';
import type { Demand } from './demand.js';
import { type Carrier, distribute, isAble, isFeed } from './distribution.js';

/** Runs the carriers: gives each the instruments it is to bring, and moves them on when it fails. */
export class FeedSupervisor {
  private assigned = new Map<Carrier, readonly Instrument[]>();
  private readonly byInstrument = new Map<InstrumentId, Carrier[]>();
  /** Carriers that were failing when instruments were last distributed. */
  private readonly failing = new Set<string>();
  private statusListener: (status: FeedStatus) => void = () => undefined;

  /** @param carriers in the user's order of preference */
  constructor(
    private readonly carriers: readonly Carrier[],
    private readonly master: InstrumentMaster,
    private readonly demand: Demand,
    private readonly log: Log,
  ) {}

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

  /** Makes the carriers carry exactly what is wanted. */
  reconcile(): void {
    const instruments: Instrument[] = [];
    for (const id of this.demand.wanted()) {
      const instrument = this.master.get(id);
      if (instrument !== undefined) instruments.push(instrument);
    }
    this.assigned = distribute(instruments, this.carriers);
    this.byInstrument.clear();
    for (const [carrier, carried] of this.assigned) {
      for (const { id } of carried) {
        const known = this.byInstrument.get(id);
        if (known === undefined) this.byInstrument.set(id, [carrier]);
        else known.push(carrier);
      }
      if (isFeed(carrier)) carrier.want(carried);
    }
  }

  /** What each source that must be asked is to bring. */
  *polled(): Iterable<[SnapshotSource, readonly Instrument[]]> {
    for (const [carrier, carried] of this.assigned) if (!isFeed(carrier)) yield [carrier, carried];
  }

  /** Carriers that bring an instrument now, preferred first. */
  carriersOf(id: InstrumentId): readonly Carrier[] {
    return this.byInstrument.get(id) ?? [];
  }

  /** Every carrier that has the instrument, preferred first, whether it is wanted or not. */
  *candidates(instrument: Instrument): Iterable<Carrier> {
    for (const carrier of this.carriers) if (carrier.carries(instrument)) yield carrier;
  }

  /** Whether any vendor has the instrument. */
  isCarried(instrument: Instrument): boolean {
    return this.carriers.some((carrier) => carrier.carries(instrument));
  }

  /** Whether a stream that carries the instrument now has said this value, or confirmed it: its silence since means that nothing happened. */
  isStreamed({ instrument, latestSource, confirmedAt }: QuoteState): boolean {
    return this.carriersOf(instrument.id).some((carrier) => {
      if (!isFeed(carrier) || carrier.vendor !== latestSource) return false;
      const since = carrier.streamingSince(instrument.id);
      return since !== undefined && confirmedAt >= since;
    });
  }

  statuses(): FeedStatus[] {
    return this.carriers.map((carrier) => carrier.status());
  }

  async stop(): Promise<void> {
    await Promise.all(this.carriers.map((carrier) => carrier.stop()));
  }

  private stateChanged(status: FeedStatus): void {
    const { id, state, lastError } = status;
    if (isAble(status)) this.log.info({ feed: id, state }, 'feed state');
    else this.log.warn({ feed: id, state, error: lastError }, 'feed state');
    const isNews = isAble(status)
      ? this.failing.delete(id)
      : !this.failing.has(id) && this.failing.add(id) !== undefined;
    if (isNews) this.reconcile();
    this.statusListener(status);
  }
}
