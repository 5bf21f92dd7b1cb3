import { type Clock, type Log, MarketDataError } from '#domain';
import {
  type ClientLimits,
  type MessageId,
  PingMessage,
  PROTOCOL_VERSION,
  type ServerMessages,
  SubscribeMessage,
  UnsubscribeMessage,
} from '#protocol';
import type { Client, Hub } from '#subscription';
import { errorPayload } from '../error-map.js';
import { parseMessage } from '../validation.js';
import { MessageRate } from './message-rate.js';

/** Message types that answer a client's action. */
export type AnswerType = 'subscribed' | 'unsubscribed' | 'subscriptions' | 'pong' | 'error';

/** How a door sends an answer: as an acknowledgement, or as a message of its own. Must write at once, so that quotes come after it. */
export type Reply = <T extends AnswerType>(type: T, payload: ServerMessages[T]) => void;

/** What one client may say and what it is told: the same for every door. */
export class Session {
  private readonly rate: MessageRate;

  constructor(
    readonly client: Client,
    private readonly hub: Hub,
    private readonly limits: ClientLimits,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.rate = new MessageRate(clock, limits.messagesPerSecond);
  }

  /** Sends the greeting every connection starts with. */
  welcome(): void {
    this.client.send('connected', {
      clientId: this.client.id,
      epoch: this.hub.epoch,
      timestamp: this.clock.now(),
      heartbeatInterval: this.hub.options.heartbeatIntervalMs,
      limits: this.limits,
      version: PROTOCOL_VERSION,
    });
  }

  /** Handles one message. Every outcome is an answer; nothing is thrown. */
  receive(action: string, payload: unknown, reply: Reply, id?: MessageId): void {
    const now = this.clock.now();
    this.client.lastMessageAt = now;
    const verdict = this.rate.take();
    if (verdict !== 'ok') {
      const text = `At most ${this.limits.messagesPerSecond} messages a second`;
      reply('error', errorPayload(new MarketDataError('RATE_LIMITED', text, true), now, id));
      if (verdict === 'close') this.client.close('RATE_LIMITED');
      return;
    }
    try {
      this.dispatch(action, payload, reply);
    } catch (error) {
      reply('error', errorPayload(this.known(error, action), now, id));
    }
  }

  /** Refuses a message the door could not even read. */
  refuse(error: MarketDataError, reply: Reply): void {
    if (this.rate.take() === 'close') this.client.close('RATE_LIMITED');
    reply('error', errorPayload(error, this.clock.now()));
  }

  private dispatch(action: string, payload: unknown, reply: Reply): void {
    switch (action) {
      case 'subscribe':
        return this.subscribe(parseMessage(SubscribeMessage, payload), reply);
      case 'unsubscribe': {
        const { symbols } = parseMessage(UnsubscribeMessage, payload);
        return reply('unsubscribed', { symbols: this.hub.unsubscribe(this.client, symbols) });
      }
      case 'subscriptions':
        return reply('subscriptions', { symbols: this.subscriptions() });
      case 'ping': {
        const { timestamp } = parseMessage(PingMessage, payload);
        return reply('pong', { ...(timestamp === undefined ? {} : { timestamp }), serverTime: this.clock.now() });
      }
      case 'authenticate':
        throw new MarketDataError('UNSUPPORTED_ACTION', 'This server does not ask for credentials', false);
      default:
        throw new MarketDataError(
          'UNSUPPORTED_ACTION',
          `No action is called ${JSON.stringify(action.slice(0, 64))}`,
          false,
        );
    }
  }

  private subscribe(message: SubscribeMessage, reply: Reply): void {
    const { accepted, rejected } = this.hub.subscribe(this.client, message);
    reply('subscribed', { symbols: accepted.map(({ group }) => group.state.instrument.id), rejected });
    this.hub.greet(this.client, accepted, message.resume);
  }

  private subscriptions(): ServerMessages['subscriptions']['symbols'] {
    return [...this.client.subscriptions].map(([symbol, { options }]) => {
      const { mode, compression, batch, fields, maxFrequency } = options;
      return { symbol, mode, compression, batch, ...(fields && { fields }), ...(maxFrequency && { maxFrequency }) };
    });
  }

  private known(error: unknown, action: string): MarketDataError {
    if (error instanceof MarketDataError) return error;
    this.log.error({ err: error, action }, 'client message failed');
    return new MarketDataError('SUBSCRIPTION_FAILED', 'The server could not do this', true, { cause: error });
  }
}
