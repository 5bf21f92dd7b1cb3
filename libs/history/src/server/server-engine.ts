import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type Clock, type Log, MarketDataError } from '#domain';
import { engineError, givenUp, insertError, timedOut, unavailable } from '../engine-error.js';
import { EngineLife } from '../engine-life.js';
import type { HistoryEngine, InsertFormat, QueryLimits, QueryParams } from '../history-engine.js';
import { Lanes } from '../lanes.js';
import { LivingEngine } from '../living-engine.js';
import { type EngineSettings, settingsFor, settingsForInsert } from '../query-settings.js';

export interface ServerOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const AT_ONCE = 8;
const IN_LINE = 200;
/** A server that answers nothing at all for this long is away, ms. */
const SILENCE_MS = 30_000;
/** How often a server that works is asked whether it still does, ms. */
const PING_MS = 5000;
const TIME_GRACE_MS = 500;

/** A ClickHouse server, by HTTP. While it cannot be reached statements fail, and it is tried again. */
export class ServerEngine extends LivingEngine implements HistoryEngine {
  readonly kind = 'server';
  private readonly client: ClickHouseClient;
  protected readonly life: EngineLife;
  private readonly lanes = new Lanes(AT_ONCE, IN_LINE);
  private cancelPing: () => void = () => undefined;

  /** @param prepare brings the tables up to date, each time the server has come back */
  constructor(
    { url, username, password }: ServerOptions,
    private readonly prepare: (engine: HistoryEngine) => Promise<void>,
    private readonly clock: Clock,
    log: Log,
  ) {
    super();
    this.client = createClient({
      url,
      username,
      password,
      application: 'tickwire',
      // what goes wrong is told in our own log
      log: { level: ClickHouseLogLevel.OFF },
      request_timeout: SILENCE_MS,
      max_open_connections: AT_ONCE + 4,
    });
    this.life = new EngineLife(clock, log);
    void this.connect();
  }

  bytes(sql: string, format: string, params: QueryParams = {}, limits: QueryLimits = {}): Promise<Buffer> {
    const { maxMs, signal } = limits;
    const settings = { ...settingsFor(limits), wait_end_of_query: 1, cancel_http_readonly_queries_on_client_close: 1 };
    return this.lanes.run(async () => {
      if (signal?.aborted === true) throw givenUp();
      const stop = new AbortController();
      const cancel =
        maxMs === undefined ? undefined : this.clock.after(maxMs + TIME_GRACE_MS, () => stop.abort(timedOut(maxMs)));
      const onAbort = (): void => stop.abort(givenUp());
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await this.ask(`${sql}\nFORMAT ${format}`, settings, params, stop.signal);
      } finally {
        cancel?.();
        signal?.removeEventListener('abort', onAbort);
      }
    }, signal);
  }

  async run(sql: string): Promise<void> {
    try {
      await this.client.command({ query: sql });
    } catch (error) {
      throw this.understood(error);
    }
  }

  async insert(table: string, format: InsertFormat, rows: Buffer, token?: string): Promise<void> {
    if (!/^\w+(\.\w+)?$/.test(table))
      throw new MarketDataError('QUERY_INVALID', 'a table is called database.name', false);
    try {
      const { stream } = await this.client.exec({
        query: `INSERT INTO ${table} FORMAT ${format}`,
        values: Readable.from([rows], { objectMode: false }),
        clickhouse_settings: { ...settingsForInsert(token), wait_end_of_query: 1 },
      });
      await buffer(stream);
    } catch (error) {
      throw error instanceof ClickHouseError ? insertError(Number(error.code), error.message) : this.understood(error);
    }
  }

  async close(): Promise<void> {
    if (!this.life.close()) return;
    this.cancelPing();
    await this.client.close();
  }

  private async ask(sql: string, settings: EngineSettings, params: QueryParams, signal: AbortSignal): Promise<Buffer> {
    const id = randomUUID();
    try {
      const { stream } = await this.client.exec({
        query: sql,
        query_id: id,
        query_params: { ...params },
        clickhouse_settings: settings,
        abort_signal: signal,
      });
      return await buffer(stream);
    } catch (error) {
      if (!signal.aborted) throw this.understood(error);
      // that we have hung up a server may notice late
      this.client.command({ query: `KILL QUERY WHERE query_id = '${id}' ASYNC` }).catch(() => undefined);
      throw signal.reason;
    }
  }

  private async connect(): Promise<void> {
    try {
      const pong = await this.client.ping({ select: true });
      if (!pong.success) throw this.understood(pong.error);
      if (this.life.state !== 'up') await this.prepare(this);
      if (this.life.state === 'closed') return;
      this.life.up();
      this.cancelPing = this.clock.after(PING_MS, () => void this.connect());
    } catch (error) {
      this.life.away(error instanceof Error ? error.message : String(error), () => void this.connect());
    }
  }

  /** An error of the client in our words. One of the network means that the server is away. */
  private understood(error: unknown): MarketDataError {
    if (error instanceof MarketDataError) return error;
    if (error instanceof ClickHouseError) return engineError(Number(error.code), error.message);
    const text =
      error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
    const problem = unavailable(`The ClickHouse server cannot be reached: ${text}`, { cause: error });
    if (this.life.state === 'up') {
      this.cancelPing();
      this.life.away(problem.message, () => void this.connect());
    }
    return problem;
  }
}
