import { Pool } from 'undici';
import {
  type Clock,
  type FeedSink,
  type FeedStatus,
  type FetchResult,
  type Histogram,
  type Instrument,
  type InstrumentId,
  MarketDataError,
  type SnapshotSource,
  SourceFailedError,
  type Tick,
  VendorFrameError,
  type VendorId,
  VendorRateLimitError,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { backoffMs, type BackoffOptions } from './backoff.js';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.js';
import { RateLimiter } from './rate-limiter.js';
import { StatusKeeper } from './status-keeper.js';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpSourceOptions {
  readonly id: string;
  readonly vendor: VendorId;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly batchSize: number;
  /** Calls under way at one time, each on a kept-alive connection. */
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Calls for one instrument in one fetch, the first included. */
  readonly tries: number;
  readonly backoff: BackoffOptions;
  readonly breaker: BreakerOptions;
  /** How long the vendor is left alone after it has refused us (HTTP 403), ms. */
  readonly refusedMs: number;
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

const DEFAULT_RETRY_AFTER_MS = 5000;

/**
 * Asks a vendor that answers one instrument a call. A batch is a bounded group of calls on kept-alive connections, under the vendor's
 * rate limit, with retries and a circuit breaker; one instrument's failure is not the batch's.
 */
export class HttpSource implements SnapshotSource {
  readonly id: string;
  readonly vendor: VendorId;
  readonly batchSize: number;

  private readonly pool: Pool;
  private readonly limiter: RateLimiter;
  private readonly breaker: CircuitBreaker;
  private readonly keeper: StatusKeeper;
  private readonly clock: Clock;
  private readonly latency: Histogram;
  private readonly queue: Job[] = [];
  private active = 0;
  private stopped = false;
  private sink: Pick<FeedSink, 'malformed'> | undefined;

  constructor(
    private readonly options: HttpSourceOptions,
    private readonly tools: VendorTools,
  ) {
    const { id, vendor, batchSize, timeoutMs, concurrency } = options;
    const { clock, meter } = tools;
    this.id = id;
    this.vendor = vendor;
    this.batchSize = batchSize;
    this.clock = clock;
    this.pool = new Pool(options.origin, {
      connections: concurrency,
      keepAliveTimeout: 30_000,
      connectTimeout: timeoutMs,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: options.maxBytes,
    });
    this.limiter = new RateLimiter(clock, options.requestsPerSecond, options.burst);
    this.breaker = new CircuitBreaker(clock, options.breaker);
    this.keeper = new StatusKeeper(id, vendor, clock, () => this.queue.length + this.active);
    this.latency = meter.histogram(
      `${vendor}_call_seconds`,
      `Time of a call to ${vendor}`,
      [0.01, 0.05, 0.1, 0.3, 1, 3, 10],
    );
    meter.gauge(
      'breaker_open',
      'Circuit breaker: 0 closed, 0.5 probing, 1 open',
      () => BREAKER_LEVEL[this.breaker.state],
      { vendor },
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
    this.stopped = true;
    this.limiter.stop();
    await this.pool.destroy();
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
    const outcome = await this.ask(instrument);
    this.active--;
    done(outcome);
    this.work();
  }

  /** Calls until there is an answer or no more sense in calling. */
  private async ask(instrument: Instrument): Promise<Tick | MarketDataError> {
    for (let attempt = 0; ; attempt++) {
      await this.limiter.take();
      if (this.stopped) return new SourceFailedError(this.vendor, 'stopped');
      if (!this.breaker.admits())
        return new SourceFailedError(this.vendor, `not asked after failures: ${this.keeper.lastError}`);
      try {
        const tick = await this.call(instrument);
        this.count('ok');
        this.succeeded();
        return tick;
      } catch (error) {
        const failure = this.judge(error);
        if (!failure.retryable || attempt + 1 >= this.options.tries) return failure;
        await this.pause(backoffMs(attempt, this.options.backoff, this.tools.random));
      }
    }
  }

  private async call(instrument: Instrument): Promise<Tick> {
    const { options, clock } = this;
    const started = clock.elapsed();
    const signal = AbortSignal.timeout(options.timeoutMs);
    const response = await this.pool.request({
      method: 'GET',
      path: options.path(instrument),
      headers: options.headers,
      signal,
    });
    const answer = { status: response.statusCode, headers: response.headers, body: await response.body.text() };
    this.latency.observe((clock.elapsed() - started) / 1000);
    this.keeper.lastFrameAt = clock.now();
    if (answer.status === 429) throw new VendorRateLimitError(this.vendor, retryAfterMs(answer));
    if (answer.status === 403) throw new RefusedError(this.vendor);
    if (answer.status !== 200)
      throw new SourceFailedError(this.vendor, `HTTP ${answer.status}`, { retryable: answer.status >= 500 });
    return options.parse(answer, instrument, clock.now());
  }

  /** Books a failed call, and says what the caller gets. */
  private judge(error: unknown): MarketDataError {
    if (error instanceof VendorRateLimitError) {
      this.count('rate-limited');
      this.limiter.pauseFor(error.retryAfterMs);
      this.failed(error);
      // nobody is served while we wait, so the next vendor should be
      this.keeper.become('down', error.message);
      return error;
    }
    if (error instanceof RefusedError) {
      this.count('refused');
      this.failed(error, this.options.refusedMs);
      return error;
    }
    if (error instanceof VendorFrameError) {
      this.count('malformed');
      this.sink?.malformed(this.vendor, error.message, error.sample);
      this.failed(error);
      return error;
    }
    if (error instanceof SourceFailedError) {
      this.count('failed');
      // an instrument the vendor does not have says nothing about the vendor
      if (error.retryable) this.failed(error);
      else this.succeeded();
      return error;
    }
    this.count('unreachable');
    const failure = new SourceFailedError(this.vendor, reasonOf(error), { cause: error });
    this.failed(failure);
    return failure;
  }

  private succeeded(): void {
    this.breaker.succeeded();
    this.keeper.become('live');
  }

  private failed(error: MarketDataError, openMs?: number): void {
    this.breaker.failed(openMs);
    this.keeper.lastError = error.message;
    if (this.breaker.state === 'open') this.keeper.become('down', error.message);
  }

  private count(outcome: string): void {
    this.tools.meter.counter('vendor_calls_total', 'Calls to vendors', { vendor: this.vendor, outcome }).add();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }
}

const BREAKER_LEVEL = { closed: 0, 'half-open': 0.5, open: 1 };

/** The vendor has turned us away; more calls make it worse. */
class RefusedError extends SourceFailedError {
  constructor(vendor: VendorId) {
    super(vendor, 'refused with HTTP 403', { retryable: false });
  }
}

/** Seconds or a date (RFC 9110, 10.2.3); a few seconds when the vendor does not say. */
function retryAfterMs({ headers }: HttpAnswer): number {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return DEFAULT_RETRY_AFTER_MS;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : DEFAULT_RETRY_AFTER_MS;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError'
    ? 'timed out'
    : error.message || ('code' in error ? String(error.code) : error.name);
}
