import { ERROR_CODES, type Quote } from '#domain';
import {
  type ClientLimits,
  NOTICE_LEVELS,
  type QuoteStatus,
  type ServerMessages,
  type ServerMessageType,
} from '#protocol';
import {
  compression,
  frequency,
  interval,
  listOf,
  objectOf,
  one,
  type PropertiesOf,
  type Property,
  type Schema,
  symbol,
  text,
  timeMs,
  whole,
  yesOrNo,
} from './asyncapi-schema.js';

type KeysOfUnion<T> = T extends unknown ? keyof T : never;

const price: Property = { type: 'number', optional: true };
const size: Property = { type: 'integer', optional: true };
const states = { live: 0, delayed: 0, stale: 0, halted: 0, closed: 0 } satisfies Record<QuoteStatus, 0>;

const quote: PropertiesOf<Quote> = {
  symbol,
  companyName: { ...text, optional: true },
  price,
  change: price,
  changePercent: { ...price, description: 'Percent of previousClose, two decimals' },
  volume: size,
  open: price,
  high: price,
  low: price,
  previousClose: price,
  bid: price,
  ask: price,
  bidSize: size,
  askSize: size,
  lastSize: size,
  averagePrice: price,
  openInterest: size,
  timestamp: { ...text, description: 'Exchange event time, ISO 8601 UTC with milliseconds', optional: true },
  source: { ...text, optional: true },
  stale: yesOrNo,
  age: { ...whole, description: 'ms, REST only', optional: true },
};

/** The fields of a quote that differ; `null` where one is no longer known. */
function quoteChanges(): Schema {
  const { properties = {} } = objectOf<Quote>(quote);
  const nullable = Object.entries(properties).map(([name, { type, ...rest }]) => [
    name,
    { type: [type as string, 'null'], ...rest },
  ]);
  return {
    type: 'object',
    description: 'A whole quote with compression "none"; with "delta" what differs, null where it is no longer known',
    properties: Object.fromEntries(nullable) as Record<string, Schema>,
  };
}

const level = {
  price: { type: 'number' },
  size: { type: 'integer', optional: true },
  orders: { type: 'integer', optional: true },
} as const;
const side = listOf(objectOf<typeof level>(level));
const levelChange = { index: whole, ...level, price: { type: ['number', 'null'] } } as const;
const sideChanges: Property = { ...listOf(objectOf<typeof levelChange>(levelChange)), optional: true };

const toldNumber = { type: ['number', 'null'], optional: true } as const;
const TICK_NUMBERS = {
  price: toldNumber,
  lastSize: toldNumber,
  volume: toldNumber,
  bid: toldNumber,
  ask: toldNumber,
  bidSize: toldNumber,
  askSize: toldNumber,
} as const;

/** What messages share, by name. */
export const SHARED: Readonly<Record<string, Schema>> = {
  Quote: objectOf<Quote>(quote, 'The last known value of a symbol; absent is what is not known or was not asked for'),
  QuoteChanges: quoteChanges(),
  Limits: objectOf<ClientLimits>({
    maxSymbols: { ...whole, description: 'Symbols per connection' },
    maxSymbolsPerMessage: whole,
    maxMessageBytes: whole,
    messagesPerSecond: whole,
    subscriptionsPerMinute: { ...whole, optional: true },
    maxFrequency: { ...frequency, optional: true },
  }),
  Book: objectOf<ServerMessages['depth_snapshot']['data']>({ bids: side, asks: side }, 'Best first'),
  BookChanges: objectOf<{ bids: 0; asks: 0 }>({ bids: sideChanges, asks: sideChanges }),
  Tick: objectOf<ServerMessages['tick_update']['data']>(
    {
      ...TICK_NUMBERS,
      time: { ...text, description: 'Exchange event time, ISO 8601 UTC', optional: true },
      source: { ...text, description: 'Vendor' },
    },
    'Only what the tick said; null is what it said there is none of',
  ),
  Candle: objectOf<ServerMessages['candle_update']['data']>({
    time: { ...text, description: 'Start of the interval, ISO 8601 UTC' },
    open: { type: 'number' },
    high: { type: 'number' },
    low: { type: 'number' },
    close: { type: 'number' },
    volume: whole,
    final: yesOrNo,
    corrected: yesOrNo,
  }),
};

const seq: Schema = { type: 'integer', minimum: 1 };
const update = {
  symbol,
  seq,
  prev: { ...whole, description: 'The sequence before it, where that is not seq - 1', optional: true },
  data: one('QuoteChanges'),
} as const;

/** The payload of every message of the server. */
export const SERVER_MESSAGES: {
  readonly [T in ServerMessageType]: PropertiesOf<Record<KeysOfUnion<ServerMessages[T]>, 0>>;
} = {
  connected: {
    clientId: text,
    epoch: text,
    timestamp: timeMs,
    heartbeatInterval: { ...whole, description: 'ms' },
    limits: one('Limits'),
    version: whole,
  },
  subscribed: {
    symbols: listOf(symbol),
    rejected: listOf(objectOf<{ symbol: 0; code: 0; message: 0 }>({ symbol: text, code: text, message: text })),
    maxFrequency: { ...frequency, optional: true },
  },
  unsubscribed: { symbols: listOf(symbol) },
  subscriptions: {
    symbols: listOf(
      objectOf<ServerMessages['subscriptions']['symbols'][number]>({
        symbol,
        mode: text,
        compression,
        batch: yesOrNo,
        fields: { ...listOf(text), optional: true },
        maxFrequency: { ...frequency, optional: true },
        unconflated: { ...yesOrNo, optional: true },
        candles: { ...listOf(interval), optional: true },
      }),
    ),
  },
  authenticated: {
    expiresAt: { ...timeMs, optional: true },
    tier: text,
    limits: one('Limits'),
  },
  pong: { timestamp: { type: 'number', optional: true }, serverTime: timeMs },
  snapshot: { symbol, epoch: text, seq, data: one('Quote'), timestamp: timeMs },
  price_update: { ...update, compression, timestamp: timeMs },
  batch_update: { updates: listOf(objectOf<typeof update>(update)), compression, timestamp: timeMs },
  status: { symbol, state: { enum: Object.keys(states) }, age: { ...whole, description: 'ms' }, source: text },
  slow: { dropped: whole, since: timeMs, resumed: yesOrNo },
  recent: {
    items: listOf(
      objectOf<ServerMessages['recent']['items'][number]>({ seq, publishedAt: timeMs, quote: one('Quote') }),
    ),
  },
  draining: { reconnectAfter: { ...whole, description: 'ms' } },
  notice: { message: text, level: { enum: NOTICE_LEVELS }, timestamp: timeMs },
  depth_snapshot: { symbol, epoch: text, seq, data: one('Book'), timestamp: timeMs },
  depth_update: {
    symbol,
    seq,
    data: { oneOf: [one('Book'), one('BookChanges')] },
    compression,
    timestamp: timeMs,
  },
  tick_update: { symbol, epoch: text, seq, data: one('Tick'), timestamp: timeMs },
  candle_snapshot: { symbol, interval, epoch: text, seq, data: listOf(one('Candle')), timestamp: timeMs },
  candle_update: { symbol, interval, seq, data: one('Candle'), timestamp: timeMs },
  error: {
    code: { enum: Object.keys(ERROR_CODES) },
    category: { enum: [...new Set(Object.values(ERROR_CODES))] },
    message: text,
    retryable: yesOrNo,
    symbol: { ...text, optional: true },
    id: { type: ['string', 'number'], optional: true },
    timestamp: timeMs,
  },
};
