import { QUOTE_FIELDS } from '#domain';
import {
  type AuthenticateMessage,
  type CLIENT_ACTIONS,
  MAX_CREDENTIAL_LENGTH,
  MAX_SYMBOLS_PER_MESSAGE,
  type PingMessage,
  type ServerMessageType,
  type SubscribeMessage,
  type UnsubscribeMessage,
} from '#protocol';
import {
  compression,
  interval,
  objectOf,
  type PropertiesOf,
  type Schema,
  symbol,
  text,
  yesOrNo,
} from './asyncapi-schema.js';

type ClientAction = (typeof CLIENT_ACTIONS)[number];

interface Action {
  readonly summary: string;
  readonly payload: Schema;
  /** Type of the answer when it is not `error`. */
  readonly answer: ServerMessageType;
}

const symbols: Schema = { type: 'array', items: symbol, minItems: 1, maxItems: MAX_SYMBOLS_PER_MESSAGE };
const credential: Schema = { type: 'string', maxLength: MAX_CREDENTIAL_LENGTH };
const fieldNames = [...QUOTE_FIELDS.map(({ name }) => name), 'companyName', 'source'];

const subscribe: PropertiesOf<SubscribeMessage> = {
  symbols,
  mode: { enum: ['ltp', 'quote', 'depth'], description: '"quote" when absent', optional: true },
  compression: { ...compression, description: '"none" when absent', optional: true },
  batch: { ...yesOrNo, description: 'false when absent', optional: true },
  fields: { type: 'array', items: { enum: fieldNames }, description: 'All when absent', optional: true },
  maxFrequency: { type: 'number', minimum: 0.01, maximum: 1000, description: 'Hz', optional: true },
  candles: { type: 'array', items: interval, optional: true },
  unconflated: { type: 'boolean', optional: true },
  resume: {
    ...objectOf<{ epoch: 0; sequences: 0 }>({
      epoch: text,
      sequences: { type: 'object', additionalProperties: { type: 'integer' }, description: 'Symbol to last sequence' },
    }),
    optional: true,
  },
};

/** Every action of a client. */
export const ACTIONS: Readonly<Record<ClientAction, Action>> = {
  subscribe: {
    summary: 'Subscribes to symbols, or replaces their options; a snapshot of each follows the answer',
    payload: objectOf<SubscribeMessage>(subscribe),
    answer: 'subscribed',
  },
  unsubscribe: {
    summary: 'Ends subscriptions, all when no symbols are named',
    payload: objectOf<UnsubscribeMessage>({ symbols: { ...symbols, minItems: 0, optional: true } }),
    answer: 'unsubscribed',
  },
  subscriptions: {
    summary: 'Lists what the connection is subscribed to',
    payload: { type: 'object' },
    answer: 'subscriptions',
  },
  ping: {
    summary: 'Asks for the time of the server',
    payload: objectOf<PingMessage>({ timestamp: { type: 'number', description: 'Returned as it is', optional: true } }),
    answer: 'pong',
  },
  authenticate: {
    summary: 'Shows a credential: exactly one of the two',
    payload: objectOf<AuthenticateMessage>({
      token: { ...credential, optional: true },
      apiKey: { ...credential, optional: true },
    }),
    answer: 'authenticated',
  },
};
