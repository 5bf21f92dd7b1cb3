import { PROTOCOL_VERSION } from '#protocol';
import { ACTIONS } from './asyncapi-actions.js';
import { SERVER_MESSAGES, SHARED } from './asyncapi-messages.js';
import { objectOf, type PropertiesOf, type Schema } from './asyncapi-schema.js';

interface Reference {
  readonly $ref: string;
}

interface Message {
  readonly name: string;
  readonly payload: Schema;
}

interface Operation {
  /** From the server's side, as AsyncAPI 3 has it: it receives actions and sends messages. */
  readonly action: 'send' | 'receive';
  readonly summary?: string;
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
}

interface Channel {
  readonly address: string;
  readonly description: string;
  readonly messages: Readonly<Record<string, Message>>;
  readonly bindings?: { readonly ws: { readonly query: Schema } };
}

export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: string;
  readonly channels: Readonly<Record<Door, Channel>>;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

type Door = 'webSocket' | 'socketIo';

const DOORS: Readonly<Record<Door, Omit<Channel, 'messages'>>> = {
  webSocket: {
    address: '/ws',
    description: 'Plain WebSocket: each message is one object that names its `action` or `type`; answers repeat `id`.',
    bindings: {
      ws: {
        query: {
          type: 'object',
          properties: {
            format: {
              enum: ['json', 'msgpack', 'compact'],
              description: 'Of what the server sends; "json" when absent',
            },
            recent: { type: 'integer', minimum: 0, maximum: 50, description: 'Begin with so many recent updates' },
          },
        },
      },
    },
  },
  socketIo: {
    address: '/socket.io',
    description: 'Socket.IO, namespace `/`: the name of a message is its event; answers are acknowledgements.',
  },
};

/** The AsyncAPI 3 document of both doors, made from the types of `libs/protocol`. */
export function asyncApiDocument(): AsyncApiDocument {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tickwire',
      version: String(PROTOCOL_VERSION),
      description: 'Live prices. Sequences, errors and the compact form are told in docs/protocol.md.',
    },
    defaultContentType: 'application/json',
    channels: { webSocket: channel('webSocket'), socketIo: channel('socketIo') },
    operations: { ...operations('webSocket'), ...operations('socketIo') },
    components: { schemas: { ...SHARED, ...payloads() } },
  };
}

/** The messages' own schemas: each action under its name, each message of the server under its type. */
function payloads(): Record<string, Schema> {
  const actions = Object.entries(ACTIONS).map(([name, { payload }]) => [actionName(name), payload]);
  const messages = typesFor('webSocket').map((type) => [
    type,
    objectOf(SERVER_MESSAGES[type] as PropertiesOf<Record<string, 0>>),
  ]);
  return Object.fromEntries([...actions, ...messages]) as Record<string, Schema>;
}

function channel(door: Door): Channel {
  const actions = Object.keys(ACTIONS).map((name) => [
    actionName(name),
    message(door, name, actionName(name), 'action'),
  ]);
  const messages = typesFor(door).map((type) => [type, message(door, type, type, 'type')]);
  return { ...DOORS[door], messages: Object.fromEntries([...actions, ...messages]) as Record<string, Message> };
}

/** On the plain WebSocket the object itself says what it is, on Socket.IO the event does. */
function message(door: Door, name: string, schema: string, key: 'action' | 'type'): Message {
  const payload: Schema = { $ref: `#/components/schemas/${schema}` };
  if (door === 'socketIo') return { name, payload };
  const own: Schema = {
    type: 'object',
    properties: { [key]: { const: name }, id: { type: ['string', 'number'] } },
    required: [key],
  };
  return { name, payload: { allOf: [own, payload] } };
}

function operations(door: Door): Record<string, Operation> {
  const at: Reference = { $ref: `#/channels/${door}` };
  const named = (name: string): Reference => ({ $ref: `#/channels/${door}/messages/${name}` });
  const received = Object.entries(ACTIONS).map(([name, { summary, answer }]): [string, Operation] => [
    `${door}.${name}`,
    {
      action: 'receive',
      summary,
      channel: at,
      messages: [named(actionName(name))],
      reply: { channel: at, messages: [named(answer), named('error')] },
    },
  ]);
  const answers = new Set<string>(Object.values(ACTIONS).map(({ answer }) => answer));
  const told = typesFor(door).filter((type) => !answers.has(type));
  const sent: Operation = { action: 'send', channel: at, messages: told.map(named) };
  return { ...Object.fromEntries(received), [`${door}.tell`]: sent };
}

/** `subscriptions` is an action and a type, so actions have a name of their own. */
function actionName(action: string): string {
  return `${action}.action`;
}

function typesFor(door: Door): (keyof typeof SERVER_MESSAGES)[] {
  const types = Object.keys(SERVER_MESSAGES) as (keyof typeof SERVER_MESSAGES)[];
  return door === 'webSocket' ? types : types.filter((type) => type !== 'recent');
}
