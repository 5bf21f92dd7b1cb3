import { randomUUID } from 'node:crypto';
import type { Format, Framing } from '#compression';
import type { Clock, Log } from '#domain';
import { type ClientLimits, MAX_SYMBOLS_PER_MESSAGE } from '#protocol';
import type { Hub, Wire } from '#subscription';
import { Session } from './session.js';

export interface SessionOptions {
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  readonly messagesPerSecond: number;
}

/** Opens and closes sessions for all doors, and refuses them when there is no room or the server is leaving. */
export class Sessions {
  private readonly limits: ClientLimits;
  private draining = false;

  constructor(
    private readonly hub: Hub,
    readonly options: SessionOptions,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.limits = {
      maxSymbols: hub.options.maxSymbolsPerClient,
      maxSymbolsPerMessage: MAX_SYMBOLS_PER_MESSAGE,
      maxMessageBytes: options.maxMessageBytes,
      messagesPerSecond: options.messagesPerSecond,
    };
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** Why another connection is refused now; undefined when it is welcome. */
  refusal(): 'CONNECTION_LIMIT' | 'SERVER_DRAINING' | undefined {
    if (this.draining) return 'SERVER_DRAINING';
    return this.hub.clients.size >= this.options.maxConnections ? 'CONNECTION_LIMIT' : undefined;
  }

  open(wire: Wire, framing: Framing, format: Format): Session {
    const client = this.hub.connect(randomUUID(), wire, framing, format);
    return new Session(client, this.hub, this.limits, this.clock, this.log);
  }

  close(session: Session): void {
    this.hub.disconnect(session.client);
  }

  /**
   * Tells every client to come back later, each at its own moment within `spreadMs` so that they do not come all at once,
   * and refuses new ones from now on.
   */
  announceDrain(spreadMs: number, random: () => number): void {
    this.draining = true;
    for (const client of this.hub.clients.values()) {
      client.send('draining', { reconnectAfter: Math.round(1000 + random() * spreadMs) });
    }
  }

  /** Ends every connection with `SERVER_DRAINING`. */
  closeAll(): void {
    for (const client of this.hub.clients.values()) client.close('SERVER_DRAINING');
  }

  /** Bytes waiting for clients in this process. */
  get buffered(): number {
    let bytes = 0;
    for (const client of this.hub.clients.values()) bytes += client.buffered;
    return bytes;
  }
}
