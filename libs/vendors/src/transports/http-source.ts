import {
  type FeedSink,
  type FeedStatus,
  type FetchResult,
  type Instrument,
  type InstrumentId,
  MarketDataError,
  type SnapshotSource,
  type Tick,
  type VendorId,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { GuardedCalls, type GuardOptions } from './guarded-calls.js';
import { type HttpAnswer, HttpClient } from './http-client.js';
import { StatusKeeper } from './status-keeper.js';

export interface HttpSourceOptions extends GuardOptions {
  readonly id: string;
  readonly vendor: VendorId;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly batchSize: number;
  /** Calls under way at one time, each on a kept-alive connection. */
  readonly concurrency: number;
  /** Longest time of one call, ms. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  carries(instrument: Instrument): boolean;
  /** Path and query of the call for one instrument. */
  path(instrument: Instrument): string;
  /**
   * @throws VendorFrameError if the answer fits no documented variant
   * @throws SourceFailedError not retryable, if the vendor answers but has no quote of this instrument
   */
  parse(answer: HttpAnswer, instrument: Instrument, receivedAt: number): Tick;
}

interface Job {
  readonly instrument: Instrument;
  readonly done: (outcome: Tick | MarketDataError) => void;
}

/**
 * Asks a vendor that answers one instrument a call. A batch is a bounded group of guarded calls on kept-alive connections; one
 * instrument's failure is not the batch's.
 */
export class HttpSource implements SnapshotSource {
  readonly id: string;
  readonly vendor: VendorId;
  readonly batchSize: number;

  private readonly client: HttpClient;
  private readonly calls: GuardedCalls;
  private readonly keeper: StatusKeeper;
  private readonly queue: Job[] = [];
  private active = 0;
  private sink: Pick<FeedSink, 'malformed'> | undefined;

  constructor(
    private readonly options: HttpSourceOptions,
    private readonly tools: VendorTools,
  ) {
    const { id, vendor, batchSize, concurrency } = options;
    this.id = id;
    this.vendor = vendor;
    this.batchSize = batchSize;
    this.client = new HttpClient({ ...options, connections: concurrency }, tools.clock);
    this.keeper = new StatusKeeper(id, vendor, tools.clock, () => this.queue.length + this.active);
    this.calls = new GuardedCalls(id, vendor, options, tools, this.keeper, ({ message, sample }) =>
      this.sink?.malformed(vendor, message, sample),
    );
  }

  start(sink: Pick<FeedSink, 'malformed' | 'status'>): void {
    this.sink = sink;
    this.keeper.onChange((status) => sink.status(status));
  }

  carries(instrument: Instrument): boolean {
    return this.options.carries(instrument);
  }

  status(): FeedStatus {
    return this.keeper.status();
  }

  async fetch(instruments: readonly Instrument[]): Promise<FetchResult> {
    const ticks: Tick[] = [];
    const failures = new Map<InstrumentId, MarketDataError>();
    const outcomes = instruments.map(
      (instrument) => new Promise<Tick | MarketDataError>((done) => this.queue.push({ instrument, done })),
    );
    this.work();
    for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
      if (outcome instanceof MarketDataError) failures.set((instruments[i] as Instrument).id, outcome);
      else ticks.push(outcome);
    }
    return { ticks, failures };
  }

  async stop(): Promise<void> {
    this.calls.stop();
    await this.client.close();
  }

  private work(): void {
    while (this.active < this.options.concurrency) {
      const job = this.queue.shift();
      if (job === undefined) return;
      this.active++;
      void this.run(job);
    }
  }

  private async run({ instrument, done }: Job): Promise<void> {
    const outcome = await this.calls.make(() => this.ask(instrument));
    this.active--;
    done(outcome);
    this.work();
  }

  private async ask(instrument: Instrument): Promise<Tick> {
    const answer = await this.client.get(this.options.path(instrument));
    return this.options.parse(answer, instrument, this.tools.clock.now());
  }
}
