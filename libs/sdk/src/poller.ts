import type { Clock } from './clock.js';
import { isRecord, type Quote } from './contract.js';
import { TickwireError } from './errors.js';
import type { Credentials } from './options.js';

/** The part of `fetch` the client uses. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; signal?: AbortSignal },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}>;

export interface PollerOptions {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly credentials: () => Promise<Credentials | undefined>;
}

interface Run {
  isOver: boolean;
  /** Ends the pause between two rounds; undefined while one is under way. */
  cancel: (() => void) | undefined;
}

/** Symbols one request names; keeps its URL below what proxies take. */
const SYMBOLS_PER_REQUEST = 100;

/** Asks for quotes over REST, again and again, while nothing better is to be had. */
export class Poller {
  private run: Run | undefined;
  /** By URL, the tag of the last answer. */
  private readonly tags = new Map<string, string>();

  constructor(
    private readonly fetch: Fetch,
    private readonly options: PollerOptions,
    private readonly symbols: () => readonly string[],
    private readonly clock: Clock,
    private readonly onQuote: (quote: Quote) => void,
    private readonly onError: (error: TickwireError) => void,
  ) {}

  get isRunning(): boolean {
    return this.run !== undefined;
  }

  start(): void {
    if (this.run !== undefined) return;
    this.run = { isOver: false, cancel: undefined };
    void this.round(this.run);
  }

  /** Asks now instead of at the end of the pause: other symbols are wanted. */
  hurry(): void {
    if (this.run?.cancel === undefined) return;
    this.run.cancel();
    void this.round(this.run);
  }

  /** Answers that are still on their way are not delivered. */
  stop(): void {
    if (this.run === undefined) return;
    this.run.isOver = true;
    this.run.cancel?.();
    this.run = undefined;
    this.tags.clear();
  }

  private async round(run: Run): Promise<void> {
    run.cancel = undefined;
    await this.poll(() => !run.isOver);
    if (!run.isOver) run.cancel = this.clock.after(this.options.intervalMs, () => void this.round(run));
  }

  private async poll(isWanted: () => boolean): Promise<void> {
    const symbols = this.symbols();
    for (let i = 0; i < symbols.length && isWanted(); i += SYMBOLS_PER_REQUEST) {
      try {
        const quotes = await this.read(symbols.slice(i, i + SYMBOLS_PER_REQUEST));
        if (isWanted()) for (const quote of quotes) this.onQuote(quote);
      } catch (cause) {
        if (isWanted()) this.onError(new TickwireError('POLL_FAILED', String(cause), true, undefined, { cause }));
      }
    }
  }

  private async read(symbols: readonly string[]): Promise<readonly Quote[]> {
    const url = `${this.options.url}/api/v1/quotes?symbols=${symbols.map(encodeURIComponent).join(',')}`;
    const credentials = await this.options.credentials();
    const tag = this.tags.get(url);
    const abort = new AbortController();
    const cancel = this.clock.after(this.options.timeoutMs, () => abort.abort());
    try {
      const response = await this.fetch(url, {
        headers: {
          accept: 'application/json',
          ...headersOf(credentials),
          ...(tag === undefined ? {} : { 'if-none-match': tag }),
        },
        signal: abort.signal,
      });
      if (response.status === 304) return [];
      if (response.status !== 200) throw new Error(`the server answered ${response.status}`);
      const quotes = quotesOf(await response.json());
      const newTag = response.headers.get('etag');
      if (newTag !== null) this.tags.set(url, newTag);
      return quotes;
    } finally {
      cancel();
    }
  }
}

function headersOf(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  return 'token' in credentials
    ? { authorization: `Bearer ${credentials.token}` }
    : { 'x-api-key': credentials.apiKey };
}

function quotesOf(body: unknown): Quote[] {
  const quotes = isRecord(body) ? body['quotes'] : undefined;
  if (!Array.isArray(quotes)) throw new TypeError('the answer holds no quotes');
  return quotes.filter(isRecord).flatMap(({ layer: _layer, age, ...quote }) => {
    if (typeof quote['symbol'] !== 'string') return [];
    // an age that is not news would make every answer a change
    return [{ ...quote, ...(quote['stale'] === true ? { age } : {}) } as unknown as Quote];
  });
}
