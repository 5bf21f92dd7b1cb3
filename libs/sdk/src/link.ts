import type { Clock } from './clock.js';
import { type ConnectedMessage, isKnown, type OtherMessage, readMessage, type ServerMessage } from './contract.js';
import { TickwireError } from './errors.js';
import type { Meter } from './metrics.js';
import type { Credentials } from './options.js';
import type { Ending, OpenTransport, Transport } from './transport.js';

/** What one connection tells. `ended` comes once, also for one that never was ready. */
export interface LinkEvents {
  /** The server has greeted, and knows the credentials where there are some. */
  ready(connected: ConnectedMessage): void;
  message(message: ServerMessage | OtherMessage): void;
  /** Bytes came that are no message. */
  broken(error: TickwireError): void;
  ended(ending: Ending & { readonly retryable: boolean }): void;
}

export interface LinkOptions {
  readonly url: string;
  readonly format: 'json' | 'msgpack' | 'compact';
  readonly credentials: () => Promise<Credentials | undefined>;
  /** Whether asking for the token again may give another one. */
  readonly canRenewToken: boolean;
  readonly connectTimeoutMs: number;
  /** Silence after which the server is asked whether it is there; undefined for what the server says. */
  readonly heartbeatMs: number | undefined;
  readonly requestTimeoutMs: number;
}

interface Pending {
  resolve(answer: ServerMessage | OtherMessage): void;
  reject(error: TickwireError): void;
  cancel(): void;
}

/** Close codes after which coming back with the same settings, or the same token, is of no use. */
const POLICY = 1008;
const UNAUTHENTICATED = 4401;
/** A token is replaced when this share of its life is left, at most a minute before its end. */
const REFRESH_SHARE = 0.2;
const REFRESH_AT_MOST_MS = 60_000;
/** setTimeout runs at once when asked for more than 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One connection from opening to its end: handshake, credentials, requests and answers, heartbeat. It never comes back; the next one is a new link. */
export class Link {
  private readonly pending = new Map<number, Pending>();
  private transport: Transport | undefined;
  private connected: ConnectedMessage | undefined;
  private isAuthenticated = false;
  private isReady = false;
  private isOver = false;
  private nextId = 1;
  private lastHeardAt: number;
  private readonly timers = new Map<string, () => void>();

  constructor(
    private readonly open: OpenTransport,
    private readonly options: LinkOptions,
    private readonly clock: Clock,
    private readonly meter: Meter,
    private readonly events: LinkEvents,
  ) {
    this.lastHeardAt = clock.now();
    this.timer('connect', options.connectTimeoutMs, () => this.end(1006, 'the server did not greet in time', true));
    void this.start();
  }

  /**
   * Sends an action and waits for its answer.
   * @throws TickwireError what the server answered instead, or TIMEOUT, or DISCONNECTED
   */
  request<T extends ServerMessage>(action: string, payload: object): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      if (this.isOver) return reject(new TickwireError('DISCONNECTED', 'The connection has ended', true));
      const cancel = this.clock.after(this.options.requestTimeoutMs, () => {
        this.pending.delete(id);
        reject(new TickwireError('TIMEOUT', `No answer to ${action}`, true));
      });
      this.pending.set(id, { resolve: resolve as (answer: ServerMessage | OtherMessage) => void, reject, cancel });
      this.transport?.send(id, action, payload);
    });
  }

  /** Ends the connection without a further event. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const cancel of this.timers.values()) cancel();
    this.transport?.close();
    const error = new TickwireError('DISCONNECTED', 'The connection has ended', true);
    for (const { reject, cancel } of this.pending.values()) {
      cancel();
      reject(error);
    }
    this.pending.clear();
  }

  private async start(): Promise<void> {
    let credentials: Credentials | undefined;
    try {
      credentials = await this.options.credentials();
    } catch (cause) {
      return this.end(1006, `the token provider failed: ${String(cause)}`, true);
    }
    if (this.isOver) return;
    const { url, format } = this.options;
    try {
      this.transport = this.open({
        url,
        format,
        credentials,
        events: {
          opened: () => void this.authenticate(credentials),
          message: (value, bytes) => this.receive(value, bytes),
          broken: (error) => this.break(error),
          ended: ({ code, reason }) => this.end(code, reason, this.mayRetry(code)),
        },
      });
    } catch (error) {
      this.end(1006, String(error), false);
    }
  }

  private async authenticate(credentials: Credentials | undefined): Promise<void> {
    try {
      if (credentials !== undefined) this.refreshBefore(await this.show(credentials));
      this.isAuthenticated = true;
      this.becomeReady();
    } catch (error) {
      if (error instanceof TickwireError && error.code !== 'DISCONNECTED')
        this.end(UNAUTHENTICATED, error.message, error.retryable || this.options.canRenewToken);
    }
  }

  /** @returns when they end; undefined when it does not, or the server does not ask for one */
  private async show(credentials: Credentials): Promise<number | undefined> {
    try {
      const answer = await this.request('authenticate', credentials);
      return answer.type === 'authenticated' ? (answer.expiresAt ?? undefined) : undefined;
    } catch (error) {
      if (error instanceof TickwireError && error.code === 'UNSUPPORTED_ACTION') return undefined;
      throw error;
    }
  }

  private refreshBefore(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    const left = expiresAt - this.meter.serverTime(this.clock.now());
    const early = Math.min(REFRESH_AT_MOST_MS, left * REFRESH_SHARE);
    this.timer('token', Math.min(LONGEST_TIMER_MS, Math.max(1000, left - early)), () => void this.refresh());
  }

  private async refresh(): Promise<void> {
    try {
      const credentials = await this.options.credentials();
      if (credentials !== undefined && !this.isOver) this.refreshBefore(await this.show(credentials));
    } catch (cause) {
      if (this.isOver) return;
      this.events.broken(new TickwireError('TOKEN_FAILED', `The token was not renewed: ${String(cause)}`, true));
      this.timer('token', 1000, () => void this.refresh());
    }
  }

  private receive(value: unknown, bytes: number): void {
    if (this.isOver) return;
    this.lastHeardAt = this.clock.now();
    this.meter.count('messages');
    this.meter.count('bytes', bytes);
    let message: ServerMessage | OtherMessage;
    try {
      message = readMessage(value);
    } catch (error) {
      return this.break(error);
    }
    if (this.isAnswer(message)) return;
    if (isKnown(message) && message.type === 'connected') {
      this.connected = message;
      this.becomeReady();
    }
    if (!this.isExpected(message)) this.events.message(message);
  }

  /** The server warns before a token ends; one that is renewed anyway is no news. */
  private isExpected(message: ServerMessage | OtherMessage): boolean {
    if (!isKnown(message) || message.type !== 'error') return false;
    return message.code === 'TOKEN_EXPIRED' && message.retryable && this.options.canRenewToken;
  }

  private isAnswer(message: ServerMessage | OtherMessage): boolean {
    const { id } = message as { readonly id?: number };
    const waiting = id === undefined ? undefined : this.pending.get(id);
    if (waiting === undefined) return false;
    this.pending.delete(id as number);
    waiting.cancel();
    if (isKnown(message) && message.type === 'error')
      waiting.reject(new TickwireError(message.code, message.message, message.retryable, message.symbol));
    else waiting.resolve(message);
    return true;
  }

  private becomeReady(): void {
    if (this.isReady || !this.isAuthenticated || this.connected === undefined) return;
    this.isReady = true;
    this.timers.get('connect')?.();
    this.events.ready(this.connected);
    void this.ping();
  }

  /** Asks at every heartbeat; an unanswered question, with nothing else heard meanwhile, ends the connection. */
  private async ping(): Promise<void> {
    const sentAt = this.clock.now();
    try {
      const answer = await this.request('ping', { timestamp: sentAt });
      if (answer.type === 'pong') this.meter.pong(sentAt, this.clock.now(), answer.serverTime);
    } catch {
      if (this.lastHeardAt <= sentAt) return this.end(1006, 'the server has fallen silent', true);
    }
    if (this.isOver) return;
    const every = this.options.heartbeatMs ?? this.connected?.heartbeatInterval ?? 25_000;
    this.timer('ping', every, () => void this.ping());
  }

  private mayRetry(code: number): boolean {
    return code === UNAUTHENTICATED ? this.options.canRenewToken : code !== POLICY;
  }

  private break(error: unknown): void {
    if (!this.isOver)
      this.events.broken(new TickwireError('DECODE_FAILED', String(error), true, undefined, { cause: error }));
  }

  private end(code: number, reason: string, retryable: boolean): void {
    if (this.isOver) return;
    this.close();
    this.events.ended({ code, reason, retryable });
  }

  private timer(name: string, ms: number, task: () => void): void {
    this.timers.get(name)?.();
    this.timers.set(name, this.clock.after(ms, task));
  }
}
