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
import { HttpClient } from './http-client.js';
import { StatusKeeper } from './status-keeper.js';

export interface HttpSourceOptions extends GuardOptions {
  readonly id: string;
  readonly vendor: VendorId;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly batchSize: number;
  /** Instruments one call asks for. */
  readonly perCall: number;
  /** Calls under way at one time, each on a kept-alive connection. */
  readonly concurrency: number;
  /** Longest time of one call, ms. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** How long a 429 without `Retry-After` asks to be left alone, ms, from its body. */
  pauseOf?(body: string): number | undefined;
  carries(instrument: Instrument): boolean;
  /**
   * Asks for at most `perCall` instruments. An outcome for each, in their order: a tick, or why there is none.
   * @throws VendorFrameError if the answer fits no documented variant
   * @throws SourceFailedError if the call failed as a whole; not retryable when only the instruments are at fault
   */
  ask(client: HttpClient, instruments: readonly Instrument[]): Promise<readonly Outcome[]>;
  /** Credits that `ask` costs, paid from `budget`; nothing when not given. */
  cost?(instruments: readonly Instrument[]): number;
}

/** The same for a vendor whose quote takes several calls, or calls that depend on one another. */
export interface SteppedSourceOptions extends Omit<HttpSourceOptions, 'ask' | 'cost'> {
  /**
   * An outcome for each of at most `perCall` instruments, in their order.
   * @param call makes one call as `ask` would be made; every call goes through it. Must not throw outside of it
   */
  answer(call: GuardedCall, instruments: readonly Instrument[]): Promise<readonly Outcome[]>;
}

/**
 * One call under the vendor's rate limit, retries and breaker: what it brought, or why it brought nothing. Never rejects.
 * `credits` is what each attempt costs, paid from `budget`.
 */
export type GuardedCall = <T>(
  call: (client: HttpClient) => Promise<T>,
  credits?: number,
) => Promise<T | MarketDataError>;

export type Outcome = Tick | MarketDataError;

interface Job {
  readonly instruments: readonly Instrument[];
  readonly done: (outcomes: readonly Outcome[]) => void;
}

/**
 * Asks a vendor by HTTP. A batch is a bounded group of guarded calls on kept-alive connections; one instrument's failure is not
 * the batch's.
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
  /** Instruments that are being asked for. */
  private pending = 0;
  private sink: Pick<FeedSink, 'malformed'> | undefined;

  constructor(
    private readonly options: HttpSourceOptions | SteppedSourceOptions,
    tools: VendorTools,
  ) {
    const { id, vendor, batchSize, concurrency } = options;
    this.id = id;
    this.vendor = vendor;
    this.batchSize = batchSize;
    this.client = new HttpClient({ ...options, connections: concurrency }, tools.clock);
    this.keeper = new StatusKeeper(id, vendor, tools.clock, () => ({ instruments: this.pending, unserved: 0 }));
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
    const { perCall } = this.options;
    const outcomes: Promise<readonly Outcome[]>[] = [];
    for (let at = 0; at < instruments.length; at += perCall) {
      const group = instruments.slice(at, at + perCall);
      outcomes.push(new Promise((done) => this.queue.push({ instruments: group, done })));
    }
    this.pending += instruments.length;
    this.work();
    const answers = (await Promise.all(outcomes)).flat();
    this.pending -= instruments.length;
    for (const [i, outcome] of answers.entries()) {
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

  private async run({ instruments, done }: Job): Promise<void> {
    const { options } = this;
    const call: GuardedCall = (make, credits) => this.calls.make(() => make(this.client), credits);
    const outcome = await ('answer' in options
      ? options.answer(call, instruments)
      : call((client) => options.ask(client, instruments), options.cost?.(instruments)));
    this.active--;
    done(outcome instanceof MarketDataError ? instruments.map(() => outcome) : outcome);
    this.work();
  }
}
