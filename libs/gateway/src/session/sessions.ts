import { randomUUID } from 'node:crypto';
import type { Credentials, Identity, Tier } from '#auth';
import type { Format, Framing } from '#compression';
import { type Clock, type Log, MarketDataError } from '#domain';
import { CLOSE_MESSAGES, type ClientLimits, MAX_SYMBOLS_PER_MESSAGE, type NoticeMessage } from '#protocol';
import type { Hub, Wire } from '#subscription';
import { type Caller, type Callers, userOf } from '../access/caller.js';
import { Allowances } from './allowances.js';
import { ConnectionCounts } from './connection-counts.js';
import { Session, type SessionRules } from './session.js';

export interface SessionOptions {
  /** False on a node that only talks to vendors. */
  readonly servesClients?: boolean;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
}

/** Of one address, so that it cannot take all the room by saying nothing. */
const MAX_WAITING_PER_ADDRESS = 1000;

/** Opens and closes sessions for all doors, and refuses them when there is no room or the server is leaving. */
export class Sessions implements SessionRules {
  private readonly sessions = new Set<Session>();
  private readonly connections = new ConnectionCounts();
  private readonly allowances: Allowances;
  /** Connections that have yet to say who they are, in all and by address. */
  private waiting = 0;
  private readonly waitingBy = new ConnectionCounts();
  private draining = false;

  constructor(
    private readonly hub: Hub,
    readonly callers: Callers,
    readonly options: SessionOptions,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.allowances = new Allowances(clock);
    callers.authenticator.onKeysReplaced(() => this.recheck());
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** Why another connection of this caller is refused now; undefined when it is welcome. */
  refusal(caller: Caller): 'CONNECTION_LIMIT' | 'SERVER_DRAINING' | undefined {
    if (this.draining) return 'SERVER_DRAINING';
    return this.isFull || !this.hasRoom(caller) ? 'CONNECTION_LIMIT' : undefined;
  }

  /** What a refused caller is told. */
  refused(reason: 'CONNECTION_LIMIT' | 'SERVER_DRAINING'): MarketDataError {
    const message = this.servesClients ? CLOSE_MESSAGES[reason] : 'This node serves no clients: ROLE=ingest';
    return new MarketDataError(reason, message, true);
  }

  /** Why a connection that has yet to say who it is is refused now. What its tier allows is not known yet. */
  waitRefusal({ address }: Caller): 'CONNECTION_LIMIT' | 'SERVER_DRAINING' | undefined {
    if (this.draining) return 'SERVER_DRAINING';
    return this.isFull || this.waitingBy.of(address) >= MAX_WAITING_PER_ADDRESS ? 'CONNECTION_LIMIT' : undefined;
  }

  /** Counts a connection that has yet to say who it is. Returns what ends that. */
  wait({ address }: Caller): () => void {
    this.waiting++;
    this.waitingBy.add(address);
    return () => {
      this.waiting--;
      this.waitingBy.remove(address);
    };
  }

  open(wire: Wire, framing: Framing, format: Format, caller: Caller): Session {
    const client = this.hub.connect(randomUUID(), wire, framing, format);
    const session = new Session(client, this.hub, caller, this, this.clock, this.log);
    this.sessions.add(session);
    this.count(caller, 'add');
    return session;
  }

  /** Safe to call twice. */
  close(session: Session): void {
    if (!this.sessions.delete(session)) return;
    this.count(session.caller, 'remove');
    this.hub.disconnect(session.client);
  }

  /** Housekeeping, about once a second: credentials that end, allowances nobody uses. */
  sweep(): void {
    const now = this.clock.now();
    for (const session of this.sessions) session.sweep(now);
    this.allowances.sweep();
  }

  limitsOf(tier: Tier): ClientLimits {
    const { symbolsPerConnection, messagesPerSecond, subscriptionsPerMinute, maxFrequency } = tier;
    return {
      maxSymbols: symbolsPerConnection,
      maxSymbolsPerMessage: MAX_SYMBOLS_PER_MESSAGE,
      maxMessageBytes: this.options.maxMessageBytes,
      messagesPerSecond,
      ...(subscriptionsPerMinute !== undefined && { subscriptionsPerMinute }),
      ...(maxFrequency !== undefined && { maxFrequency }),
    };
  }

  takesSubscription(caller: Caller): boolean {
    const { subscriptionsPerMinute } = caller.identity.tier;
    return subscriptionsPerMinute === undefined || this.allowances.take(userOf(caller), subscriptionsPerMinute);
  }

  get asksForCredentials(): boolean {
    return this.callers.authenticator.mode !== 'off';
  }

  verify(credentials: Credentials): Promise<Identity> {
    return this.callers.authenticator.verify(credentials);
  }

  move(from: Caller, to: Caller): void {
    this.count(from, 'remove');
    const hasRoom = this.hasRoom(to);
    this.count(hasRoom ? to : from, 'add');
    if (!hasRoom) throw new MarketDataError('CONNECTION_LIMIT', CLOSE_MESSAGES.CONNECTION_LIMIT, true);
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

  /** Tells every client what an operator has to say. @returns how many there are */
  notify({ message, level }: NoticeMessage): number {
    const timestamp = this.clock.now();
    for (const client of this.hub.clients.values()) client.send('notice', { message, level, timestamp });
    return this.hub.clients.size;
  }

  /** Ends the connection of an id, or all of a user, with `DISCONNECTED`. @returns how many there were */
  end({ clientId, subject }: { readonly clientId?: string; readonly subject?: string }): number {
    let ended = 0;
    for (const { client, caller } of this.sessions) {
      if (client.id !== clientId && (subject === undefined || caller.identity.subject !== subject)) continue;
      client.close('DISCONNECTED');
      ended++;
    }
    return ended;
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

  private recheck(): void {
    for (const session of this.sessions) {
      try {
        const identity = this.callers.authenticator.recheck(session.caller.identity);
        if (identity === undefined) session.client.close('UNAUTHENTICATED');
        else session.become(identity);
      } catch (error) {
        // one that cannot be fitted must not keep the others from being looked at
        this.log.error({ error: (error as Error).message }, 'a session could not take its new rights');
        session.client.close('UNAUTHENTICATED');
      }
    }
  }

  private get servesClients(): boolean {
    return this.options.servesClients ?? true;
  }

  private get isFull(): boolean {
    return !this.servesClients || this.hub.clients.size + this.waiting >= this.options.maxConnections;
  }

  private hasRoom({ identity, address }: Caller): boolean {
    const { connectionsPerUser = Infinity, connectionsPerAddress = Infinity } = identity.tier;
    if (this.connections.of(address) >= connectionsPerAddress) return false;
    return this.connections.of(identity.subject ?? address) < connectionsPerUser;
  }

  private count({ identity, address }: Caller, change: 'add' | 'remove'): void {
    this.connections[change](address);
    if (identity.subject !== undefined) this.connections[change](identity.subject);
  }
}
