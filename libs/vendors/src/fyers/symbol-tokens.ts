import { type EpochMs, utcOffsetMs, VendorRateLimitError } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { HttpClient, HttpStatusError } from '../transports/http-client.js';
import { RateLimiter } from '../transports/rate-limiter.js';
import { topicOf } from './fyers-topics.js';
import { parseTokenAnswer, type TokenAnswer } from './token-answer.js';

const VENDOR = 'fyers';
const SYMBOLS_PER_CALL = 500;
/** Half of what one app may do in a second, and less than in a minute: the rest is the user's. */
const CALLS = { perSecond: 2, burst: 5 };
const DAY_MS = 86_400_000;

export interface SymbolTokensOptions {
  /** Base of the REST routes: `https://api-t1.fyers.in/data`. */
  readonly base: string;
  /** `APPID:JWT`, asked before every call. @throws SourceFailedError if there is none */
  authorization(): string;
}

interface Known {
  /** Undefined when the vendor does not know the symbol. */
  readonly topic: string | undefined;
  readonly day: number;
}

/** Topics of symbols, as FYERS gives them for a trading day. */
export class SymbolTokens {
  private readonly client: HttpClient;
  private readonly limiter: RateLimiter;
  private readonly path: string;
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly options: SymbolTokensOptions,
    private readonly tools: VendorTools,
  ) {
    const { origin, pathname } = new URL(options.base);
    this.path = `${pathname.replace(/\/$/, '')}/symbol-token`;
    this.client = new HttpClient(
      { vendor: VENDOR, origin, headers: {}, connections: 1, timeoutMs: 10_000, maxBytes: 1_048_576 },
      tools.clock,
    );
    this.limiter = new RateLimiter(tools.clock, CALLS.perSecond, CALLS.burst);
  }

  /** A symbol's topic as it was learnt last. Undefined when the vendor does not know the symbol, or it was never asked for. */
  topicOf(symbol: string): string | undefined {
    return this.known.get(symbol)?.topic;
  }

  /**
   * Asks for the topics of those symbols it has not learnt today.
   * @throws SourceFailedError if the vendor gives no answer, or says why not; VendorFrameError if it cannot be read
   */
  async learn(symbols: readonly string[]): Promise<void> {
    const today = dayOf(this.tools.clock.now());
    const missing = symbols.filter((symbol) => this.known.get(symbol)?.day !== today);
    for (let at = 0; at < missing.length; at += SYMBOLS_PER_CALL) {
      const asked = missing.slice(at, at + SYMBOLS_PER_CALL);
      const tokens = await this.ask(asked);
      // by symbol and never by place: answers were seen in another order
      for (const symbol of asked) this.known.set(symbol, { topic: topicIn(tokens, symbol), day: today });
    }
  }

  async close(): Promise<void> {
    this.limiter.stop();
    await this.client.close();
  }

  private async ask(symbols: readonly string[]): Promise<TokenAnswer> {
    await this.limiter.take();
    try {
      const { body } = await this.client.post(this.path, { symbols }, { Authorization: this.options.authorization() });
      return parseTokenAnswer(body);
    } catch (error) {
      // a minute's limit that is broken again and again costs the rest of the day
      if (error instanceof VendorRateLimitError) this.limiter.pauseFor(error.retryAfterMs);
      if (!(error instanceof HttpStatusError)) throw error;
      // also with an error's status an answer may name the symbols it is about
      return parseTokenAnswer(error.body, error.status);
    }
  }
}

function topicIn(tokens: TokenAnswer, symbol: string): string | undefined {
  const token = tokens.get(symbol);
  return token === undefined ? undefined : topicOf(symbol, token);
}

function dayOf(at: EpochMs): number {
  return Math.floor((at + utcOffsetMs('NSE')) / DAY_MS);
}
