import { ConfigError, type Instrument, type MarketDataError, type Tick, VendorRateLimitError } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import type { CreditBudget } from '../transports/credit-budget.js';
import type { HttpClient } from '../transports/http-client.js';
import { redactor } from '../transports/redact.js';
import type { AlphaVantageEnv } from './alphavantage.env.js';
import { parseIntraday } from './alphavantage.intraday.js';
import { parseBulkQuotes, parseGlobalQuote } from './alphavantage.quotes.js';
import { plainSymbol } from './alphavantage.symbols.js';

/** The vendor's functions, as calls of one account. Each costs one request of its budget, paid by whoever calls. */
export class AlphaVantageCalls {
  private readonly apiKey: string;
  private readonly redact: (text: string) => string;

  /** @throws ConfigError without an API key */
  constructor(
    private readonly env: AlphaVantageEnv,
    private readonly budget: CreditBudget,
    private readonly tools: VendorTools,
  ) {
    this.apiKey = tools.secret('api_key')?.trim() ?? '';
    if (this.apiKey === '') throw new ConfigError(['ALPHAVANTAGE_SECRET_API_KEY: must be set to use alphavantage']);
    this.redact = redactor(this.apiKey);
  }

  /** Undefined when the vendor has no name for the instrument. */
  symbolOf(instrument: Instrument): string | undefined {
    return this.tools.symbolOf(instrument) ?? plainSymbol(instrument);
  }

  globalQuote(client: HttpClient, instrument: Instrument): Promise<Tick> {
    const query = { function: 'GLOBAL_QUOTE', symbol: this.symbolOf(instrument) ?? '', ...this.entitled() };
    return this.ask(client, query, (body, now) => parseGlobalQuote(body, instrument, now));
  }

  bulkQuotes(client: HttpClient, instruments: readonly Instrument[]): Promise<(Tick | MarketDataError)[]> {
    const symbols = instruments.map((instrument) => this.symbolOf(instrument) ?? '');
    const query = { function: 'REALTIME_BULK_QUOTES', symbol: symbols.join(',') };
    return this.ask(client, query, (body, now) => parseBulkQuotes(body, instruments, symbols, now));
  }

  lastBar(client: HttpClient, instrument: Instrument): Promise<Tick> {
    const symbol = this.symbolOf(instrument) ?? '';
    const query = { function: 'TIME_SERIES_INTRADAY', symbol, interval: '1min', adjusted: 'false', ...this.entitled() };
    return this.ask(client, query, (body, now) => parseIntraday(body, instrument, now));
  }

  private entitled(): Readonly<Record<string, string>> {
    const { entitlement } = this.env;
    return entitlement === 'none' ? {} : { entitlement };
  }

  private async ask<T>(
    client: HttpClient,
    query: Readonly<Record<string, string>>,
    read: (body: string, now: number) => T,
  ): Promise<T> {
    const parameters = new URLSearchParams({ ...query, apikey: this.apiKey });
    const path = new URL(this.env.baseUrl).pathname.replace(/\/$/, '');
    const { body } = await client.get(`${path}/query?${parameters.toString()}`);
    try {
      return read(this.redact(body), this.tools.clock.now());
    } catch (error) {
      // a limit is the account's, whichever of its sources has met it
      if (error instanceof VendorRateLimitError) this.budget.blockFor(error.retryAfterMs);
      throw error;
    }
  }
}
