import { backoffDelay } from './backoff.js';
import type { Clock } from './clock.js';
import type { ConnectedMessage, OtherMessage, ServerMessage } from './contract.js';
import { TickwireError } from './errors.js';
import { Link, type LinkEvents } from './link.js';
import type { Meter } from './metrics.js';

export type ConnectionState = 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED' | 'RECONNECTING';

export interface ConnectorOptions {
  readonly autoReconnect: boolean;
  readonly backoff: readonly number[];
  /** Attempts that may fail in a row before it gives up. */
  readonly maxAttempts: number;
}

export interface ConnectorEvents {
  state(state: ConnectionState, reason: string): void;
  /** An attempt has failed or a connection was lost; `failures` in a row by now. */
  failed(failures: number): void;
  up(link: Link, connected: ConnectedMessage): void;
  down(): void;
  message(message: ServerMessage | OtherMessage): void;
  error(error: TickwireError): void;
}

export type OpenLink = (events: LinkEvents) => Link;

/** A connection that held for so long was a good one: the next pause is short again. */
const STABLE_AFTER_MS = 5000;

/** Keeps one link up: tries, waits, tries again. */
export class Connector {
  private current: ConnectionState = 'CLOSED';
  private link: Link | undefined;
  private cancelRetry: () => void = () => undefined;
  private failures = 0;
  private openSince: number | undefined;
  /** When a server that is leaving wants us back; taken once. */
  private comeBackAfter: number | undefined;

  constructor(
    private readonly openLink: OpenLink,
    private readonly options: ConnectorOptions,
    private readonly clock: Clock,
    private readonly random: () => number,
    private readonly meter: Meter,
    private readonly events: ConnectorEvents,
  ) {}

  get state(): ConnectionState {
    return this.current;
  }

  /** Starts connecting; does nothing while it is connecting or connected. */
  connect(): void {
    if (this.current !== 'CLOSED') return;
    this.failures = 0;
    this.enter('CONNECTING', 'connecting');
    this.attempt();
  }

  disconnect(): void {
    if (this.current === 'CLOSED') return;
    this.enter('CLOSING', 'asked to');
    this.cancelRetry();
    this.drop();
    this.enter('CLOSED', 'asked to');
  }

  /** Gives the present connection up, if there is one, and connects at once. */
  reconnect(): void {
    if (this.current === 'CLOSED') return this.connect();
    this.cancelRetry();
    this.drop();
    this.failures = 0;
    this.enter('RECONNECTING', 'asked to');
    this.attempt();
  }

  /** Ends the pause between attempts, if it is in one: something says that it may work now. */
  hurry(): void {
    if (this.link !== undefined || this.current !== 'RECONNECTING') return;
    this.cancelRetry();
    this.attempt();
  }

  /** A server that is leaving has said when to come back. */
  comeBack(afterMs: number): void {
    this.comeBackAfter = afterMs;
  }

  private attempt(): void {
    this.meter.count('attempts');
    const { events } = this;
    const link: Link = this.openLink({
      ready: (connected) => {
        this.openSince = this.clock.now();
        this.meter.count('connections');
        this.enter('OPEN', 'connected');
        events.up(link, connected);
      },
      message: (message) => events.message(message),
      broken: (error) => events.error(error),
      ended: ({ code, reason, retryable }) => this.lost(`${reason} (${code})`, retryable),
    });
    this.link = link;
  }

  private lost(reason: string, retryable: boolean): void {
    this.meter.count('failures');
    const wasStable = this.openSince !== undefined && this.clock.now() - this.openSince >= STABLE_AFTER_MS;
    this.failures = wasStable ? 1 : this.failures + 1;
    this.drop();
    const { autoReconnect, maxAttempts, backoff } = this.options;
    if (!retryable || !autoReconnect || this.failures >= maxAttempts) {
      this.enter('CLOSED', reason);
      this.events.error(new TickwireError('GAVE_UP', `No further attempt: ${reason}`, false));
    } else {
      const delay = this.comeBackAfter ?? backoffDelay(backoff, this.failures, this.random);
      this.comeBackAfter = undefined;
      this.enter('RECONNECTING', reason);
      this.cancelRetry = this.clock.after(delay, () => this.attempt());
    }
    this.events.failed(this.failures);
  }

  private drop(): void {
    const { link } = this;
    this.link = undefined;
    link?.close();
    if (this.openSince === undefined) return;
    this.openSince = undefined;
    this.events.down();
  }

  private enter(state: ConnectionState, reason: string): void {
    if (state === this.current) return;
    this.current = state;
    this.events.state(state, reason);
  }
}
