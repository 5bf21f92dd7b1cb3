import { DEFAULT_BACKOFF } from './backoff.js';
import { type Clock, systemClock } from './clock.js';
import type { Format } from './contract.js';
import type { Fetch } from './poller.js';
import type { SocketIo } from './socket-io-transport.js';
import type { WebSocketConstructor } from './web-socket-transport.js';

/** Settings of a client. Times are in milliseconds. */
export interface ConnectOptions {
  /** Base of the server: `https://quotes.example.com`, with a path where it has one; `ws:` and `wss:` mean the same. */
  readonly url: string;
  /** The token, or what fetches one: it is asked at every connect, before the token ends, and when polling. */
  readonly token?: string | (() => string | Promise<string>);
  /** A key instead of a token. Not for browsers: everybody who loads the page can read it. */
  readonly apiKey?: string;
  /** How updates travel. Default `json`; `compact` is the smallest, and the plain WebSocket's alone. */
  readonly format?: Format;
  /** `none` has the server send whole quotes. Default `delta`. */
  readonly compression?: 'none' | 'delta';
  /** Whether to connect at once. Default true. */
  readonly autoConnect?: boolean;
  /** Whether to come back after a connection is lost. Default true. */
  readonly autoReconnect?: boolean;
  /** Longest pauses between attempts; each pause is a random part of its own. Default 1, 2, 4, 8, 16 and then 30 s. */
  readonly backoff?: readonly number[];
  /** Attempts that may fail in a row before the client gives up. Default Infinity. */
  readonly maxAttempts?: number;
  /** An attempt that takes longer has failed. Default 10 s. */
  readonly connectTimeout?: number;
  /** How often the server is asked whether it is there. Default: what the server proposes. */
  readonly heartbeat?: number;
  /** An answer that takes longer counts as lost. Default 10 s. */
  readonly requestTimeout?: number;
  /** Symbols that may be wished while there is no connection. Default 10,000. */
  readonly queueSize?: number;
  /** REST polling while there is no connection; false for none. Default: after 10 failed attempts, every 30 s. */
  readonly polling?: false | { readonly after?: number; readonly interval?: number };
  /** Where there is no global WebSocket (Node 20): the one of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** `io` of socket.io-client, to use the Socket.IO door instead of the plain one. */
  readonly io?: SocketIo;
  readonly fetch?: Fetch;
  /** For tests. */
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** What the server is shown. */
export type Credentials = { readonly token: string } | { readonly apiKey: string };

/** All settings, defaults filled in. */
export interface Settings {
  readonly url: string;
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly canRenewToken: boolean;
  readonly format: Format;
  readonly compression: 'none' | 'delta';
  readonly autoReconnect: boolean;
  readonly backoff: readonly number[];
  readonly maxAttempts: number;
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number | undefined;
  readonly requestTimeoutMs: number;
  readonly queueSize: number;
  /** Undefined for never. */
  readonly polling: { readonly after: number; readonly intervalMs: number } | undefined;
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly io: SocketIo | undefined;
  readonly fetch: Fetch | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws TypeError if there is nothing to connect with, or the settings contradict each other */
export function settingsOf(options: ConnectOptions): Settings {
  const { token, apiKey, polling, format = 'json', io } = options;
  const fixed = token !== undefined ? { token: String(token) } : apiKey !== undefined ? { apiKey } : undefined;
  const globals = globalThis as { WebSocket?: WebSocketConstructor; fetch?: Fetch };
  const WebSocket = options.WebSocket ?? globals.WebSocket;
  if (io === undefined && WebSocket === undefined)
    throw new TypeError('There is no global WebSocket here: pass the one of the package "ws" as `WebSocket`');
  if (io !== undefined && format === 'compact')
    throw new TypeError('The compact format travels over the plain WebSocket only: leave out `io`, or use "msgpack"');
  return {
    url: baseOf(options.url),
    credentials: typeof token === 'function' ? async () => ({ token: await token() }) : () => Promise.resolve(fixed),
    canRenewToken: typeof token === 'function',
    format,
    compression: options.compression ?? 'delta',
    autoReconnect: options.autoReconnect ?? true,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    maxAttempts: options.maxAttempts ?? Infinity,
    connectTimeoutMs: options.connectTimeout ?? 10_000,
    heartbeatMs: options.heartbeat,
    requestTimeoutMs: options.requestTimeout ?? 10_000,
    queueSize: options.queueSize ?? 10_000,
    polling: polling === false ? undefined : { after: polling?.after ?? 10, intervalMs: polling?.interval ?? 30_000 },
    WebSocket,
    io,
    // a browser's fetch must be called on its window
    fetch: options.fetch ?? globals.fetch?.bind(globalThis),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/** The base as an http(s) URL without a slash at its end. */
function baseOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  if (!/^(http|ws)s?:$/.test(protocol)) throw new TypeError(`Not a URL to connect to: ${url}`);
  return `${protocol.replace('ws', 'http')}//${host}${pathname.replace(/\/+$/, '')}`;
}
