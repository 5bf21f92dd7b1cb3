import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FeedThread } from './feed-thread.js';
import type { Mode } from './modes.js';
import { RawClient } from './raw-client.js';
import { ServerProcess } from './server-process.js';
import { SocketIoClient } from './socketio-client.js';
import type { Subscriber } from './subscriber.js';
import { Tally } from './tally.js';
import { symbolOf, type Workload } from './workload.js';

const SCRIPTS = {
  baseline: fileURLToPath(new URL('./baseline/main.js', import.meta.url)),
  product: fileURLToPath(new URL('../../apps/server/src/main.js', import.meta.url)),
};
const JOIN_AT_ONCE = 50;
const JOIN_WITHIN_MS = 20_000;

export function isBuilt(server: Mode['server']): boolean {
  return existsSync(SCRIPTS[server]);
}

export interface TargetOptions {
  readonly mode: Mode;
  readonly windowMs: number;
  readonly seed: number;
  /** Symbols the feed lists; clients come with `join`. */
  readonly symbols: number;
  readonly subscribers: Float64Array;
}

/** A feed, a server that consumes it, and the clients of that server. */
export class Target {
  readonly tally = new Tally();
  private clients: Subscriber[] = [];

  private constructor(
    readonly options: TargetOptions,
    readonly feed: FeedThread,
    readonly server: ServerProcess,
  ) {}

  static async open(options: TargetOptions): Promise<Target> {
    const feed = await FeedThread.start(options);
    try {
      const server = await ServerProcess.start(SCRIPTS[options.mode.server], environment(feed.port, options.windowMs));
      return new Target(options, feed, server);
    } catch (error) {
      await feed.stop();
      throw error;
    }
  }

  /** Connects one client per watchlist, a few at a time. */
  async join({ watchlists }: Pick<Workload, 'watchlists'>): Promise<void> {
    for (let at = 0; at < watchlists.length; at += JOIN_AT_ONCE) {
      const added = watchlists.slice(at, at + JOIN_AT_ONCE).map((watchlist) => this.connect(watchlist.map(symbolOf)));
      this.clients.push(...added);
      await within(
        JOIN_WITHIN_MS,
        `clients ${at} to ${at + added.length} to join`,
        Promise.all(added.map((c) => c.joined)),
      );
    }
  }

  leave(): void {
    for (const client of this.clients) client.close();
    this.clients = [];
  }

  /** Ticks a second of each symbol. */
  setRate(ticksPerSecond: number): void {
    this.feed.setRate(ticksPerSecond);
  }

  async close(): Promise<void> {
    this.leave();
    await this.server.stop();
    await this.feed.stop();
  }

  private connect(symbols: readonly string[]): Subscriber {
    const { door, format, options } = this.options.mode;
    const spec = { port: this.server.port, format, symbols, options };
    return door === 'socket.io' ? new SocketIoClient(spec, this.tally) : new RawClient(spec, this.tally);
  }
}

function environment(feedPort: number, windowMs: number): Record<string, string> {
  return {
    VENDORS: 'json',
    JSON_URL: `ws://127.0.0.1:${feedPort}/json/stream`,
    INSTRUMENTS: `http://127.0.0.1:${feedPort}/instruments.csv`,
    CONFLATION_MS: String(windowMs),
    MARKET_HOURS: 'always',
    LOG_LEVEL: 'warn',
    DRAIN_GRACE_MS: '0',
    MAX_CONNECTIONS: '20000',
    MAX_SYMBOLS_PER_CLIENT: '1000',
  };
}

/** @throws Error when the work is not done in time */
async function within(ms: number, what: string, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1_000} s for ${what}`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
