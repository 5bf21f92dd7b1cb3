import type { Credentials, Identity, Tier } from '#auth';
import { type Clock, type Log, MarketDataError } from '#domain';
import {
  AuthenticateMessage,
  type ClientLimits,
  type MessageId,
  parseMessage,
  PingMessage,
  PROTOCOL_VERSION,
  type RejectedSymbol,
  type ServerMessages,
  SubscribeMessage,
  UnsubscribeMessage,
} from '#protocol';
import { type Client, type Hub, infoOf } from '#subscription';
import type { Caller } from '../access/caller.js';
import { errorPayload } from '../error-map.js';
import { cappedFrequency, screen } from './entitled.js';
import { MessageRate } from './message-rate.js';
import { fitSubscriptions } from './fit-subscriptions.js';

/** Message types that answer a client's action. */
export type AnswerType = 'subscribed' | 'unsubscribed' | 'subscriptions' | 'pong' | 'authenticated' | 'error';

/** How a door sends an answer: as an acknowledgement, or as a message of its own. Must write at once, so that quotes come after it. */
export type Reply = <T extends AnswerType>(type: T, payload: ServerMessages[T]) => void;

/** What a session asks of whoever opened it. */
export interface SessionRules {
  readonly asksForCredentials: boolean;
  limitsOf(tier: Tier): ClientLimits;
  /** Whether the caller may subscribe to one more symbol this minute; takes it if so. */
  takesSubscription(caller: Caller): boolean;
  /** @throws MarketDataError `UNAUTHENTICATED` or `TOKEN_EXPIRED` */
  verify(credentials: Credentials): Promise<Identity>;
  /** Counts a connection for another user from now on. @throws MarketDataError `CONNECTION_LIMIT` when there is no room for it there */
  move(from: Caller, to: Caller): void;
}

/** How long before a credential ends its owner is told, ms. */
const WARNING_MS = 60_000;

/** What one client may say and what it is told: the same for every door. */
export class Session {
  private rate: MessageRate;
  private isWarned = false;
  private isAuthenticating = false;
  /** Messages that wait for one before them; undefined while nothing is waited for. */
  private behind: (() => Promise<void> | undefined)[] | undefined;

  constructor(
    readonly client: Client,
    private readonly hub: Hub,
    private present: Caller,
    private readonly rules: SessionRules,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.rate = new MessageRate(clock, this.tier.messagesPerSecond);
  }

  get caller(): Caller {
    return this.present;
  }

  /** Sends the greeting every connection starts with. */
  welcome(): void {
    this.client.send('connected', {
      clientId: this.client.id,
      epoch: this.hub.epoch,
      timestamp: this.clock.now(),
      heartbeatInterval: this.hub.options.heartbeatIntervalMs,
      limits: this.rules.limitsOf(this.tier),
      version: PROTOCOL_VERSION,
    });
  }

  /** Tells who the client is taken for. */
  confirm(reply: Reply): void {
    const { expiresAt, tier } = this.present.identity;
    reply('authenticated', {
      ...(expiresAt !== undefined && { expiresAt }),
      tier: tier.name,
      limits: this.rules.limitsOf(tier),
    });
  }

  /** Handles one message. Every outcome is an answer; nothing is thrown. */
  receive(action: string, payload: unknown, reply: Reply, id?: MessageId): void {
    const now = this.clock.now();
    this.client.lastMessageAt = now;
    const verdict = this.rate.take();
    if (verdict !== 'ok') {
      const text = `At most ${this.tier.messagesPerSecond} messages a second`;
      reply('error', errorPayload(new MarketDataError('RATE_LIMITED', text, true), now, id));
      if (verdict === 'close') this.client.close('RATE_LIMITED');
      return;
    }
    const fail = (error: unknown): void =>
      reply('error', errorPayload(this.known(error, action), this.clock.now(), id));
    const handle = (): Promise<void> | undefined => {
      try {
        if (action !== 'authenticate') return this.dispatch(action, payload, reply)?.catch(fail);
        this.authenticate(parseMessage(AuthenticateMessage, payload), reply).catch(fail);
      } catch (error) {
        fail(error);
      }
      return undefined;
    };
    if (this.behind !== undefined) return void this.behind.push(handle);
    const pending = handle();
    if (pending !== undefined) void this.finish(pending);
  }

  /** Refuses a message the door could not even read. */
  refuse(error: MarketDataError, reply: Reply): void {
    if (this.rate.take() === 'close') this.client.close('RATE_LIMITED');
    reply('error', errorPayload(error, this.clock.now()));
  }

  /** Warns a client whose credential is about to end, and ends the connection with it. */
  sweep(now: number): void {
    const { expiresAt } = this.present.identity;
    if (expiresAt === undefined || this.client.closed) return;
    if (expiresAt <= now) return this.client.close('TOKEN_EXPIRED');
    if (this.isWarned || expiresAt - now > WARNING_MS) return;
    this.isWarned = true;
    const text = `The credential ends in ${Math.ceil((expiresAt - now) / 1000)} s; "authenticate" with a new one to stay`;
    this.client.send('error', errorPayload(new MarketDataError('TOKEN_EXPIRED', text, true), now));
  }

  /** Applies what the client may do from now on, also to what it has subscribed to before. */
  become(identity: Identity): void {
    const before = this.tier;
    this.present = { ...this.present, identity };
    this.isWarned = false;
    if (identity.tier === before) return;
    if (identity.tier.messagesPerSecond !== before.messagesPerSecond)
      this.rate = new MessageRate(this.clock, identity.tier.messagesPerSecond);
    const now = this.clock.now();
    for (const lost of fitSubscriptions(this.hub, this.client, identity.tier)) {
      this.client.send('error', { ...errorPayload(lost, now), symbol: lost.symbol });
    }
  }

  /** Handles what comes behind a message only when that is done, so that a client's messages keep their order. */
  private async finish(pending: Promise<void>): Promise<void> {
    this.behind = [];
    await pending;
    for (let next = this.behind.shift(); next !== undefined; next = this.behind.shift()) {
      if (!this.client.closed) await next();
    }
    this.behind = undefined;
  }

  private get tier(): Tier {
    return this.present.identity.tier;
  }

  /** @returns when it is done, of a message that cannot be handled at once */
  private dispatch(action: string, payload: unknown, reply: Reply): Promise<void> | undefined {
    switch (action) {
      case 'subscribe':
        return this.subscribe(parseMessage(SubscribeMessage, payload), reply);
      case 'unsubscribe': {
        const { symbols } = parseMessage(UnsubscribeMessage, payload);
        reply('unsubscribed', { symbols: this.hub.unsubscribe(this.client, symbols) });
        return undefined;
      }
      case 'subscriptions':
        reply('subscriptions', { symbols: this.subscriptions() });
        return undefined;
      case 'ping': {
        const { timestamp } = parseMessage(PingMessage, payload);
        reply('pong', { ...(timestamp === undefined ? {} : { timestamp }), serverTime: this.clock.now() });
        return undefined;
      }
      default:
        throw new MarketDataError(
          'UNSUPPORTED_ACTION',
          `No action is called ${JSON.stringify(action.slice(0, 64))}`,
          false,
        );
    }
  }

  private subscribe(message: SubscribeMessage, reply: Reply): Promise<void> | undefined {
    const { symbols } = message;
    const { permitted } = screen(symbols, this.tier.entitlements);
    const recovered = message.resume && this.hub.recover(this.client, { ...message, symbols: [...permitted] });
    if (recovered === undefined) {
      this.subscribeNow(message, reply);
      return undefined;
    }
    return this.subscribeAfter(recovered, message, reply);
  }

  private async subscribeAfter(recovered: Promise<void>, message: SubscribeMessage, reply: Reply): Promise<void> {
    await recovered;
    if (!this.client.closed) this.subscribeNow(message, reply);
  }

  private subscribeNow(message: SubscribeMessage, reply: Reply): void {
    const { permitted, forbidden } = screen(message.symbols, this.tier.entitlements);
    const { admitted, limited } = this.admit(permitted);
    if (message.unconflated === true && this.tier.unconflated !== true)
      throw new MarketDataError('FORBIDDEN', 'The tier does not include unconflated ticks', false);
    const maxFrequency = cappedFrequency(message.maxFrequency, this.tier);
    const wanted = { ...message, symbols: admitted, maxFrequency };
    const { accepted, rejected } = this.hub.subscribe(this.client, wanted, this.tier.symbolsPerConnection);
    reply('subscribed', {
      symbols: accepted.map(({ group }) => group.state.instrument.id),
      rejected: [...rejected, ...forbidden, ...limited],
      ...(maxFrequency !== message.maxFrequency && { maxFrequency }),
    });
    this.hub.greet(this.client, accepted, message.resume);
  }

  /** Takes new symbols from the minute's allowance; those it does not cover are limited. */
  private admit(symbols: readonly string[]): { admitted: string[]; limited: RejectedSymbol[] } {
    const admitted: string[] = [];
    const limited: RejectedSymbol[] = [];
    for (const symbol of new Set(symbols)) {
      if (this.client.subscriptions.has(symbol) || this.rules.takesSubscription(this.present)) admitted.push(symbol);
      else {
        const message = `At most ${this.tier.subscriptionsPerMinute} symbols may be subscribed in a minute`;
        limited.push({ symbol, code: 'RATE_LIMITED', message });
      }
    }
    return { admitted, limited };
  }

  private async authenticate(credentials: AuthenticateMessage, reply: Reply): Promise<void> {
    if (!this.rules.asksForCredentials)
      throw new MarketDataError('UNSUPPORTED_ACTION', 'This server does not ask for credentials', false);
    if (this.isAuthenticating) throw new MarketDataError('RATE_LIMITED', 'One credential at a time', true);
    this.isAuthenticating = true;
    try {
      const identity = await this.rules.verify(credentials);
      if (this.client.closed) return;
      this.changeTo(identity);
    } finally {
      this.isAuthenticating = false;
    }
    this.confirm(reply);
  }

  private changeTo(identity: Identity): void {
    const { subject } = this.present.identity;
    if (subject !== undefined && subject !== identity.subject)
      throw new MarketDataError('UNAUTHENTICATED', 'The credential is of another user; connect anew for that', false);
    this.rules.move(this.present, { ...this.present, identity });
    this.become(identity);
  }

  private subscriptions(): ServerMessages['subscriptions']['symbols'] {
    return [...this.client.subscriptions].map(([symbol, { options }]) => infoOf(symbol, options));
  }

  private known(error: unknown, action: string): MarketDataError {
    if (error instanceof MarketDataError) return error;
    this.log.error({ err: error, action }, 'client message failed');
    return new MarketDataError('SUBSCRIPTION_FAILED', 'The server could not do this', true, { cause: error });
  }
}
