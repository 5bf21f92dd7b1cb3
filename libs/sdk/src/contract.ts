/** What travels between server and client, as the client sees it. `contract.spec.ts` holds it against the server's own types. */

/**
 * The last known value of an instrument. A field that is not known, or that no subscription asks for, is absent.
 * Prices are in the instrument's currency, sizes and volumes in units of it. Frozen: a change makes a new object.
 */
export interface Quote {
  /** `NSE:RELIANCE`. */
  readonly symbol: string;
  readonly companyName?: string;
  readonly price?: number;
  readonly change?: number;
  readonly changePercent?: number;
  readonly volume?: number;
  readonly open?: number;
  readonly high?: number;
  readonly low?: number;
  readonly previousClose?: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly bidSize?: number;
  readonly askSize?: number;
  readonly lastSize?: number;
  readonly averagePrice?: number;
  readonly openInterest?: number;
  /** Exchange event time, ISO 8601 UTC with milliseconds. */
  readonly timestamp?: string;
  /** Vendor the value came from. */
  readonly source?: string;
  /** True while no vendor confirms the value. */
  readonly stale?: boolean;
  /** Milliseconds since a vendor last confirmed the value; only in quotes that were polled. */
  readonly age?: number;
}

export type QuoteField = Exclude<keyof Quote, 'symbol' | 'age'>;
export type Mode = 'ltp' | 'quote' | 'depth';
export type Format = 'json' | 'msgpack' | 'compact';

/** New values of a quote's fields; null where the value is no longer known. */
export type QuoteValues = { readonly [F in keyof Quote]?: Quote[F] | null };

export interface ClientLimits {
  readonly maxSymbols: number;
  readonly maxSymbolsPerMessage: number;
  readonly maxMessageBytes: number;
  readonly messagesPerSecond: number;
}

export interface UpdateItem {
  readonly symbol: string;
  readonly seq: number;
  /** Sequence this update follows, where that is not the one before. */
  readonly prev?: number;
  readonly data: QuoteValues;
}

export interface ConnectedMessage {
  readonly type: 'connected';
  readonly clientId: string;
  readonly epoch: string;
  readonly timestamp: number;
  readonly heartbeatInterval: number;
  readonly limits: ClientLimits;
  readonly version: number;
}

export interface SnapshotMessage extends UpdateItem {
  readonly type: 'snapshot';
  readonly epoch: string;
  readonly timestamp: number;
}

export interface PriceUpdateMessage extends UpdateItem {
  readonly type: 'price_update';
  readonly compression: 'none' | 'delta';
  readonly timestamp: number;
}

export interface BatchUpdateMessage {
  readonly type: 'batch_update';
  readonly updates: readonly UpdateItem[];
  readonly compression: 'none' | 'delta';
  readonly timestamp: number;
}

/** How fresh the quotes of a symbol are. */
export interface StatusMessage {
  readonly type: 'status';
  readonly symbol: string;
  readonly state: 'live' | 'delayed' | 'stale' | 'halted' | 'closed';
  readonly age: number;
  readonly source: string;
}

/** This client reads too slowly: the server has merged `dropped` updates since `since`; `resumed` says that it has caught up. */
export interface SlowMessage {
  readonly type: 'slow';
  readonly dropped: number;
  readonly since: number;
  readonly resumed: boolean;
}

export interface DrainingMessage {
  readonly type: 'draining';
  /** Milliseconds after which to come back. */
  readonly reconnectAfter: number;
}

/** What an operator tells every client. */
export interface NoticeMessage {
  readonly type: 'notice';
  readonly message: string;
  readonly level: 'info' | 'warning' | 'critical';
  readonly timestamp: number;
}

export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly category?: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly symbol?: string;
  readonly id?: number;
}

export interface SubscribedMessage {
  readonly type: 'subscribed';
  readonly id?: number;
  readonly symbols: readonly string[];
  readonly rejected: readonly { readonly symbol: string; readonly code: string; readonly message: string }[];
}

export interface PongMessage {
  readonly type: 'pong';
  readonly id?: number;
  readonly serverTime: number;
}

export interface AuthenticatedMessage {
  readonly type: 'authenticated';
  readonly id?: number;
  /** Epoch ms; absent for a token that does not expire. */
  readonly expiresAt?: number | null;
}

export interface BookLevel {
  readonly price: number;
  /** Absent where the vendor does not say. */
  readonly size?: number;
  readonly orders?: number;
}

/** The best orders of a symbol, best first, at most five levels a side. Frozen: a change makes a new object. */
export interface Book {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** What a level is now, counted from the best; `price: null` where there is none any more. */
export type BookLevelChange = { readonly index: number } & (BookLevel | { readonly price: null });

export interface BookChanges {
  readonly bids?: readonly BookLevelChange[];
  readonly asks?: readonly BookLevelChange[];
}

export type CandleInterval = '1s' | '1m';

/** Trading within one interval. */
export interface Candle {
  /** Start of the interval, ISO 8601 UTC. */
  readonly time: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Whether the interval is over. */
  readonly final: boolean;
  /** Whether a trade that came late has changed it. */
  readonly corrected: boolean;
}

export interface DepthSnapshotMessage {
  readonly type: 'depth_snapshot';
  readonly symbol: string;
  readonly epoch: string;
  readonly seq: number;
  readonly data: Book;
  readonly timestamp: number;
}

export interface DepthUpdateMessage {
  readonly type: 'depth_update';
  readonly symbol: string;
  readonly seq: number;
  readonly data: Book | BookChanges;
  readonly compression: 'none' | 'delta';
  readonly timestamp: number;
}

export interface CandleSnapshotMessage {
  readonly type: 'candle_snapshot';
  readonly symbol: string;
  readonly interval: CandleInterval;
  readonly epoch: string;
  readonly seq: number;
  readonly data: readonly Candle[];
  readonly timestamp: number;
}

export interface CandleUpdateMessage {
  readonly type: 'candle_update';
  readonly symbol: string;
  readonly interval: CandleInterval;
  readonly seq: number;
  readonly data: Candle;
  readonly timestamp: number;
}

/** Messages the client acts on. Any other type is passed to `message` listeners as it came. */
export type ServerMessage =
  | ConnectedMessage
  | SnapshotMessage
  | PriceUpdateMessage
  | BatchUpdateMessage
  | DepthSnapshotMessage
  | DepthUpdateMessage
  | CandleSnapshotMessage
  | CandleUpdateMessage
  | StatusMessage
  | SlowMessage
  | DrainingMessage
  | NoticeMessage
  | ErrorMessage
  | SubscribedMessage
  | PongMessage
  | AuthenticatedMessage;

/** A message of a type this client does not know. */
export interface OtherMessage {
  readonly type: string;
  readonly id?: number;
  readonly [property: string]: unknown;
}

type Check = (message: Record<string, unknown>) => boolean;

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isItem = (value: unknown): boolean =>
  isRecord(value) && isText(value['symbol']) && isNumber(value['seq']) && isRecord(value['data']);

const isSide = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(isRecord));
const isBook: Check = (message) => {
  const { data } = message;
  return isItem(message) && isRecord(data) && isSide(data['bids']) && isSide(data['asks']);
};
const isCandle = (value: unknown): boolean => isRecord(value) && isText(value['time']);

const CHECKS: { readonly [T in ServerMessage['type']]: Check } = {
  connected: (m) => isText(m['epoch']) && isNumber(m['timestamp']) && isRecord(m['limits']),
  snapshot: (m) => isItem(m) && isText(m['epoch']) && isNumber(m['timestamp']),
  price_update: (m) => isItem(m) && isNumber(m['timestamp']),
  batch_update: (m) => Array.isArray(m['updates']) && m['updates'].every(isItem) && isNumber(m['timestamp']),
  depth_snapshot: isBook,
  depth_update: isBook,
  candle_snapshot: (m) =>
    isText(m['symbol']) &&
    isText(m['interval']) &&
    isNumber(m['seq']) &&
    Array.isArray(m['data']) &&
    m['data'].every(isCandle),
  candle_update: (m) => isItem(m) && isText(m['interval']) && isCandle(m['data']),
  status: (m) => isText(m['symbol']) && isText(m['state']),
  slow: (m) => isNumber(m['dropped']),
  draining: (m) => isNumber(m['reconnectAfter']),
  notice: (m) => isText(m['message']) && isText(m['level']),
  error: (m) => isText(m['code']) && isText(m['message']),
  subscribed: (m) => Array.isArray(m['symbols']) && Array.isArray(m['rejected']) && m['rejected'].every(isRecord),
  pong: (m) => isNumber(m['serverTime']),
  authenticated: () => true,
};

/** Whether a message is of a type this client acts on. */
export function isKnown(message: ServerMessage | OtherMessage): message is ServerMessage {
  return Object.hasOwn(CHECKS, message.type);
}

/** What a transport decoded, as a message. @throws TypeError if it is none of the contract */
export function readMessage(value: unknown): ServerMessage | OtherMessage {
  if (!isRecord(value) || typeof value['type'] !== 'string') throw new TypeError('A message must have a type');
  const { type } = value;
  if (Object.hasOwn(CHECKS, type) && !CHECKS[type as ServerMessage['type']](value))
    throw new TypeError(`Not a message of type ${type}`);
  return value as unknown as ServerMessage | OtherMessage;
}
