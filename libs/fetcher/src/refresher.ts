import {
  type Clock,
  type Counter,
  type Instrument,
  type InstrumentId,
  MarketDataError,
  type Meter,
  type RejectReason,
  type SnapshotSource,
  SourceFailedError,
} from '#domain';
import type { QuotePipeline } from './quote-pipeline.js';

/** How one vendor call went. */
export interface BatchOutcome {
  readonly vendor: string;
  /** When it was asked, and for how long, ms. */
  readonly at: number;
  readonly tookMs: number;
  readonly symbols: readonly InstrumentId[];
  /** What went wrong, for those that got no quote. */
  readonly failed: ReadonlyMap<InstrumentId, MarketDataError>;
}

/** Asks vendors for quotes in batches; an instrument that is being asked for is not asked for again. */
export class Refresher {
  private readonly flights = new Map<InstrumentId, Promise<MarketDataError | undefined>>();
  private readonly askedAt = new Map<InstrumentId, number>();
  private readonly failures: Counter;
  private readonly listeners: ((outcome: BatchOutcome) => void)[] = [];

  constructor(
    private readonly pipeline: QuotePipeline,
    private readonly clock: Clock,
    meter: Meter,
  ) {
    this.failures = meter.counter('refresh_failures_total', 'Instruments a vendor was asked for and gave no quote');
  }

  /** Tells how each vendor call went, when it is over. */
  onBatch(listener: (outcome: BatchOutcome) => void): void {
    this.listeners.push(listener);
  }

  /** When an instrument was last asked for; 0 when never. */
  lastAsked(id: InstrumentId): number {
    return this.askedAt.get(id) ?? 0;
  }

  /**
   * Asks one source for many instruments, at most a batch in one call.
   * @returns per instrument what went wrong, or undefined; joined calls share the answer
   */
  refresh(
    source: SnapshotSource,
    instruments: readonly Instrument[],
  ): Map<InstrumentId, Promise<MarketDataError | undefined>> {
    const fresh = instruments.filter(({ id }) => !this.flights.has(id));
    const flights = new Map<InstrumentId, Promise<MarketDataError | undefined>>();
    for (const { id } of instruments) {
      const flight = this.flights.get(id);
      if (flight !== undefined) flights.set(id, flight);
    }
    for (let at = 0; at < fresh.length; at += source.batchSize)
      this.launch(source, fresh.slice(at, at + source.batchSize), flights);
    return flights;
  }

  private launch(
    source: SnapshotSource,
    batch: readonly Instrument[],
    flights: Map<InstrumentId, Promise<MarketDataError | undefined>>,
  ): void {
    const now = this.clock.now();
    const settle = new Map<InstrumentId, (failed: MarketDataError | undefined) => void>();
    for (const { id } of batch) {
      this.askedAt.set(id, now);
      const flight = new Promise<MarketDataError | undefined>((resolve) => settle.set(id, resolve));
      this.flights.set(id, flight);
      flights.set(id, flight);
    }
    const failures = new Map<InstrumentId, MarketDataError>();
    const land = (id: InstrumentId, failed: MarketDataError | undefined): void => {
      this.flights.delete(id);
      if (failed !== undefined) {
        this.failures.add();
        failures.set(id, failed);
      }
      settle.get(id)?.(failed);
      settle.delete(id);
    };
    const ask = async (): Promise<void> => {
      await source.fetch(batch, ({ id }, outcome) => {
        if (outcome instanceof MarketDataError) return land(id, outcome);
        const reason = this.pipeline.tick(outcome);
        land(id, reason === undefined ? undefined : refusal(source, reason));
      });
      for (const id of settle.keys()) land(id, new SourceFailedError(source.vendor, `no answer about ${id}`));
      const tookMs = this.clock.now() - now;
      const symbols = batch.map(({ id }) => id);
      for (const listener of this.listeners)
        listener({ vendor: source.vendor, at: now, tookMs, symbols, failed: failures });
    };
    void ask();
  }
}

function refusal({ vendor }: SnapshotSource, reason: RejectReason): SourceFailedError {
  return new SourceFailedError(vendor, `its answer was refused: ${reason}`);
}
