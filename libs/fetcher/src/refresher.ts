import {
  type Clock,
  type Counter,
  type Instrument,
  type InstrumentId,
  type MarketDataError,
  type Meter,
  type RejectReason,
  type SnapshotSource,
  SourceFailedError,
} from '#domain';
import type { QuotePipeline } from './quote-pipeline.js';

/** Asks vendors for quotes in batches; an instrument that is being asked for is not asked for again. */
export class Refresher {
  private readonly flights = new Map<InstrumentId, Promise<MarketDataError | undefined>>();
  private readonly askedAt = new Map<InstrumentId, number>();
  private readonly failures: Counter;

  constructor(
    private readonly pipeline: QuotePipeline,
    private readonly clock: Clock,
    meter: Meter,
  ) {
    this.failures = meter.counter('refresh_failures_total', 'Instruments a vendor was asked for and gave no quote');
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
    for (let at = 0; at < fresh.length; at += source.batchSize)
      this.launch(source, fresh.slice(at, at + source.batchSize));
    return new Map(
      instruments.map(({ id }) => [
        id,
        this.flights.get(id) ?? Promise.resolve<MarketDataError | undefined>(undefined),
      ]),
    );
  }

  private launch(source: SnapshotSource, batch: readonly Instrument[]): void {
    const now = this.clock.now();
    const call = source.fetch(batch).then(({ ticks, failures }) => {
      const failed = new Map(failures);
      for (const tick of ticks) {
        const reason = this.pipeline.tick(tick);
        if (reason !== undefined) failed.set(tick.instrument, refusal(source, reason));
      }
      this.failures.add(failed.size);
      return failed;
    });
    for (const { id } of batch) {
      this.askedAt.set(id, now);
      const flight = call.then((failures) => failures.get(id)).finally(() => this.flights.delete(id));
      this.flights.set(id, flight);
    }
  }
}

function refusal({ vendor }: SnapshotSource, reason: RejectReason): SourceFailedError {
  return new SourceFailedError(vendor, `its answer was refused: ${reason}`);
}
