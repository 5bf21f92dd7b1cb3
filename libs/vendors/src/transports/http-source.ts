import {
  type Answered,
  type EpochMs,
  type FeedSink,
  type FeedStatus,
  type FetchResult,
  type Instrument,
  type InstrumentId,
  MarketDataError,
  type SnapshotSource,
  SourceFailedError,
  type Tick,
  type VendorId,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { GuardedCalls, type GuardOptions } from './guarded-calls.js';
import { HttpClient, HttpStatusError } from './http-client.js';
import { StatusKeeper } from './status-keeper.js';
import { VendorRefusedError } from './vendor-refused.error.js';

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
  /** Delayed or end-of-day data, by the plan. */
  readonly isDelayed?: boolean;
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
  /** `isSide`: its failure is its own, not the vendor's: the other routes go on being asked. */
  options?: { readonly credits?: number | undefined; readonly isSide?: boolean },
) => Promise<T | MarketDataError>;

export type Outcome = Tick | MarketDataError;

interface Job {
  readonly instruments: readonly Instrument[];
  readonly answered: Answered;
  readonly done: () => void;
}

/** How long an instrument that the vendor does not have is left alone, ms. */
const UNKNOWN_MS = 300_000;

/**
 * Asks a vendor by HTTP. A batch is a bounded group of guarded calls on kept-alive connections; one instrument's failure is not
 * the batch's.
 */
export class HttpSource implements SnapshotSource {
  readonly id: string;
  readonly vendor: VendorId;
  readonly batchSize: number;
  readonly perSecond: number;
  readonly isDelayed: boolean;

  private readonly client: HttpClient;
  private readonly calls: GuardedCalls;
  private readonly keeper: StatusKeeper;
  private readonly queue: Job[] = [];
  private active = 0;
  /** Instruments that are being asked for. */
  private pending = 0;
  /** What the vendor does not have, and until when it is not asked for it again. */
  private readonly unknownUntil = new Map<InstrumentId, EpochMs>();
  private sink: Pick<FeedSink, 'malformed'> | undefined;

  constructor(
    private readonly options: HttpSourceOptions | SteppedSourceOptions,
    private readonly tools: VendorTools,
  ) {
    const { id, vendor, batchSize, concurrency } = options;
    this.id = id;
    this.vendor = vendor;
    this.batchSize = batchSize;
    this.isDelayed = options.isDelayed ?? false;
    this.perSecond = options.requestsPerSecond * options.perCall;
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

  /** One that failed and may be tried again is `idle`: only a call can show that it is back, and nobody makes one to what is `down`. */
  status(): FeedStatus {
    const status = this.keeper.status();
    return status.state === 'down' && !this.calls.isPaused ? { ...status, state: 'idle' } : status;
  }

  unserved(): ReadonlySet<InstrumentId> {
    const now = this.tools.clock.now();
    for (const [id, until] of this.unknownUntil) if (until <= now) this.unknownUntil.delete(id);
    return new Set(this.unknownUntil.keys());
  }

  async fetch(instruments: readonly Instrument[], answered?: Answered): Promise<FetchResult> {
    const outcomes = new Map<InstrumentId, Outcome>();
    const book: Answered = (instrument, outcome) => {
      outcomes.set(instrument.id, outcome);
      this.remember(instrument, outcome);
      answered?.(instrument, outcome);
    };
    const { perCall } = this.options;
    const jobs: Promise<void>[] = [];
    for (let at = 0; at < instruments.length; at += perCall) {
      const group = instruments.slice(at, at + perCall);
      jobs.push(new Promise((done) => this.queue.push({ instruments: group, answered: book, done })));
    }
    this.pending += instruments.length;
    this.work();
    await Promise.all(jobs);
    const ticks: Tick[] = [];
    const failures = new Map<InstrumentId, MarketDataError>();
    for (const { id } of instruments) {
      const outcome = outcomes.get(id);
      if (outcome instanceof MarketDataError) failures.set(id, outcome);
      else if (outcome !== undefined) ticks.push(outcome);
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

  private remember({ id }: Instrument, outcome: Outcome): void {
    if (!(outcome instanceof MarketDataError)) this.unknownUntil.delete(id);
    else if (!outcome.retryable && isAboutInstrument(outcome))
      this.unknownUntil.set(id, this.tools.clock.now() + UNKNOWN_MS);
  }

  private async run({ instruments, answered, done }: Job): Promise<void> {
    const { options } = this;
    const call: GuardedCall = (make, { credits, isSide } = {}) =>
      isSide === true
        ? this.calls.makeAside(() => make(this.client))
        : this.calls.make(() => make(this.client), credits);
    const outcome = await ('answer' in options
      ? options.answer(call, instruments)
      : call((client) => options.ask(client, instruments), { credits: options.cost?.(instruments) }));
    this.active--;
    this.pending -= instruments.length;
    for (const [i, instrument] of instruments.entries()) {
      const missing = new SourceFailedError(this.vendor, `no answer about ${instrument.id}`);
      answered(instrument, outcome instanceof MarketDataError ? outcome : (outcome[i] ?? missing));
    }
    done();
    this.work();
  }
}

/** A vendor that turns us away says nothing about an instrument. */
function isAboutInstrument(error: MarketDataError): boolean {
  if (error instanceof HttpStatusError) return error.status === 404;
  return !(error instanceof VendorRefusedError);
}
