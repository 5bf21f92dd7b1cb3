import type { CandleInterval, ErrorCategory, ErrorCode, InstrumentId, Quote } from '#domain';
import type { ChannelMessages } from './channels.js';
import type { ClientLimits } from './limits.js';
import type { NoticeLevel } from './notice.js';

/** Version of the wire contract. */
export const PROTOCOL_VERSION = 1;

export const CLIENT_ACTIONS = ['subscribe', 'unsubscribe', 'subscriptions', 'ping', 'authenticate'] as const;

export type Mode = 'ltp' | 'quote' | 'depth';
export type MessageId = string | number;

/** A symbol that was not subscribed, and why. */
export interface RejectedSymbol {
  readonly symbol: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface SubscriptionInfo {
  readonly symbol: InstrumentId;
  readonly mode: Mode;
  readonly compression: 'none' | 'delta';
  readonly batch: boolean;
  readonly fields?: readonly string[];
  readonly maxFrequency?: number;
  readonly candles?: readonly CandleInterval[];
  readonly unconflated?: boolean;
}

export interface ErrorPayload {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly message: string;
  readonly retryable: boolean;
  readonly symbol?: string;
  readonly id?: MessageId;
  /** Server time, epoch ms. */
  readonly timestamp: number;
}

/** State of a symbol as its subscribers are told. `live` again after any other state means that prices move with the market. */
export type QuoteStatus = 'live' | 'delayed' | 'stale' | 'halted' | 'closed';

/** Everything the server says, by type: the payload of the Socket.IO event, or the rest of the plain WebSocket object. */
export interface ServerMessages extends ChannelMessages {
  connected: {
    readonly clientId: string;
    readonly epoch: string;
    readonly timestamp: number;
    /** Milliseconds between the server's heartbeats. */
    readonly heartbeatInterval: number;
    readonly limits: ClientLimits;
    readonly version: number;
  };
  subscribed: {
    readonly symbols: readonly InstrumentId[];
    readonly rejected: readonly RejectedSymbol[];
    /** Updates of one symbol a second, Hz, where the client's tier allows fewer than it asked for. */
    readonly maxFrequency?: number;
  };
  unsubscribed: { readonly symbols: readonly InstrumentId[] };
  subscriptions: { readonly symbols: readonly SubscriptionInfo[] };
  authenticated: {
    /** When the credential ends, epoch ms; absent when it does not. */
    readonly expiresAt?: number;
    readonly tier: string;
    readonly limits: ClientLimits;
  };
  pong: { readonly timestamp?: number; readonly serverTime: number };
  snapshot: {
    readonly symbol: InstrumentId;
    readonly epoch: string;
    readonly seq: number;
    readonly data: Quote;
    readonly timestamp: number;
  };
  price_update: {
    readonly symbol: InstrumentId;
    readonly seq: number;
    readonly prev?: number;
    readonly data: Partial<Quote>;
    readonly compression: 'none' | 'delta';
    readonly timestamp: number;
  };
  batch_update: {
    readonly updates: readonly {
      readonly symbol: InstrumentId;
      readonly seq: number;
      readonly prev?: number;
      readonly data: Partial<Quote>;
    }[];
    readonly compression: 'none' | 'delta';
    readonly timestamp: number;
  };
  status: {
    readonly symbol: InstrumentId;
    readonly state: QuoteStatus;
    /** Milliseconds since a vendor last confirmed the value. */
    readonly age: number;
    readonly source: string;
  };
  slow: {
    /** Updates not sent one by one since `since`; the newest values follow as snapshots. */
    readonly dropped: number;
    readonly since: number;
    /** True when the client has caught up and snapshots follow. */
    readonly resumed: boolean;
  };
  /** The newest published changes, for a plain WebSocket client that connects with `?recent=N`. */
  recent: { readonly items: readonly { readonly seq: number; readonly publishedAt: number; readonly quote: Quote }[] };
  draining: { readonly reconnectAfter: number };
  /** What an operator tells every client. */
  notice: { readonly message: string; readonly level: NoticeLevel; readonly timestamp: number };
  error: ErrorPayload;
}

export type ServerMessageType = keyof ServerMessages;
