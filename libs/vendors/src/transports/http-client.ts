import { Pool } from 'undici';
import { type Clock, SourceFailedError, type VendorId, VendorRateLimitError } from '#domain';
import { retryAfterMs } from './retry-after.js';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpClientOptions {
  readonly vendor: VendorId;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Kept-alive connections. */
  readonly connections: number;
  /** Longest time of a call, from its start to the last byte of the answer, ms. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** How long a 429 without `Retry-After` asks to be left alone, ms, from its body; 5 s when it does not say. */
  pauseOf?(body: string): number | undefined;
}

/** The vendor answered with a status that is no success. */
export class HttpStatusError extends SourceFailedError {
  constructor(
    vendor: VendorId,
    readonly status: number,
    /** What the vendor says about it, at most 2,000 characters. */
    readonly body = '',
  ) {
    super(vendor, `HTTP ${status}`, { retryable: status >= 500 || status === 408 });
  }
}

type Headers = Readonly<Record<string, string>>;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Headers;
  readonly body?: string;
}

const DEFAULT_RETRY_AFTER_MS = 5000;

/** Calls one vendor on kept-alive connections, each call within a time and an answer within a size. */
export class HttpClient {
  private readonly pool: Pool;

  constructor(
    private readonly options: HttpClientOptions,
    private readonly clock: Clock,
  ) {
    const { origin, connections, timeoutMs, maxBytes } = options;
    this.pool = new Pool(origin, {
      connections,
      keepAliveTimeout: 30_000,
      connectTimeout: timeoutMs,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: maxBytes,
    });
  }

  /**
   * The answer to a call that succeeded.
   * @param headers beside those of every call
   * @throws VendorRateLimitError for HTTP 429, with the pause the vendor asks for
   * @throws HttpStatusError for any other status but 200; retryable when the fault is the vendor's
   * @throws SourceFailedError retryable, when there is no whole answer: no connection, too late, too large
   */
  get(path: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.succeed({ method: 'GET', path, headers });
  }

  /** The same for a POST with a JSON body. */
  post(path: string, json: unknown, headers: Headers = {}): Promise<HttpAnswer> {
    const body = JSON.stringify(json);
    return this.succeed({ method: 'POST', path, headers: { 'Content-Type': 'application/json', ...headers }, body });
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async succeed(call: Call): Promise<HttpAnswer> {
    const { status, headers, body } = await this.call(call);
    if (status === 200) return { status, headers, body };
    const { vendor, pauseOf } = this.options;
    if (status !== 429) throw new HttpStatusError(vendor, status, body.slice(0, 2000));
    throw new VendorRateLimitError(
      vendor,
      retryAfterMs(headers['retry-after'], this.clock.now()) ?? pauseOf?.(body) ?? DEFAULT_RETRY_AFTER_MS,
    );
  }

  private async call(given: Call): Promise<HttpAnswer> {
    const { vendor, headers, timeoutMs } = this.options;
    const abort = new AbortController();
    const cancel = this.clock.after(timeoutMs, () => abort.abort());
    try {
      const all = { ...headers, ...given.headers };
      const answer = await this.pool.request({ ...given, headers: all, signal: abort.signal });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    } catch (error) {
      const reason = abort.signal.aborted ? `timed out after ${timeoutMs} ms` : reasonOf(error);
      throw new SourceFailedError(vendor, reason, { cause: error });
    } finally {
      cancel();
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
