import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLIENT_ACTIONS } from '#protocol';
import { ACTIONS } from '../../apps/server/src/asyncapi-actions.js';
import type { AsyncApiDocument } from '../../apps/server/src/asyncapi.js';
import { SERVER_MESSAGES } from '../../apps/server/src/asyncapi-messages.js';
import type { Schema } from '../../apps/server/src/asyncapi-schema.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

let product: Product;
let document: AsyncApiDocument;

beforeAll(async () => {
  product = await aProduct();
  document = (await product.get('/docs/asyncapi.json')).body as unknown as AsyncApiDocument;
});
afterAll(() => product.stop());

it('names every action and every message of both doors', () => {
  const { webSocket, socketIo } = document.channels;
  // the types of the server's messages are complete by the compiler: SERVER_MESSAGES has one entry for each
  const types = Object.keys(SERVER_MESSAGES);
  const actions = CLIENT_ACTIONS.map((action) => `${action}.action`);
  expect(document.asyncapi).toBe('3.0.0');
  expect(Object.keys(ACTIONS)).toEqual(CLIENT_ACTIONS);
  expect(Object.keys(webSocket.messages)).toEqual([...actions, ...types]);
  expect(Object.keys(socketIo.messages)).toEqual([...actions, ...types.filter((type) => type !== 'recent')]);
  for (const door of ['webSocket', 'socketIo']) {
    const operations = Object.keys(document.operations).filter((name) => name.startsWith(door));
    expect(operations).toEqual([...CLIENT_ACTIONS.map((action) => `${door}.${action}`), `${door}.tell`]);
  }
});

it('refers to nothing that is not there', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/(.*?)"/g)].map(([, path]) => path as string);
  expect(references.length).toBeGreaterThan(80);
  for (const path of references) {
    let target: unknown = document;
    for (const part of path.split('/')) target = (target as Record<string, unknown> | undefined)?.[part];
    expect([path, typeof target]).toEqual([path, 'object']);
  }
});

it('describes what a client is really told, property by property', async () => {
  const client = await RawClient.connect(`${product.wsUrl}?recent=3`);
  await client.next('connected');
  client.send({ action: 'ping', timestamp: 1 });
  client.send({ action: 'buy' });
  client.send({ action: 'subscribe', id: 1, symbols: ['NSE:TCS', 'NSE:NOPE'], fields: ['price', 'bid'] });
  client.send({ action: 'subscriptions' });
  await client.next('price_update');
  client.send({ action: 'subscribe', symbols: ['NSE:TCS'], compression: 'delta', batch: true });
  await client.next('batch_update');
  client.send({ action: 'unsubscribe' });
  await client.next('unsubscribed');
  await until('the recent updates', () => client.messages.some(({ type }) => type === 'recent'));
  client.close();
  const seen = new Set<string>();
  for (const { type, id: _id, ...payload } of client.messages) {
    seen.add(type);
    expect([type, faults(payload, document.components.schemas[type] as Schema)]).toEqual([type, []]);
  }
  expect([...seen].toSorted()).toEqual([
    'batch_update',
    'connected',
    'error',
    'pong',
    'price_update',
    'recent',
    'snapshot',
    'subscribed',
    'subscriptions',
    'unsubscribed',
  ]);
});

/** Where a value is not what its schema says, or has what the schema does not know. */
function faults(value: unknown, given: Schema, at = '$'): string[] {
  const schema =
    given.$ref === undefined ? given : (document.components.schemas[given.$ref.split('/')[3] ?? ''] as Schema);
  if (schema.enum !== undefined) return schema.enum.includes(value as string) ? [] : [`${at} is ${String(value)}`];
  const types = [schema.type].flat();
  if (!types.some((type) => type === typeOf(value) || (type === 'number' && typeOf(value) === 'integer'))) {
    return [`${at} is ${typeOf(value)}, not ${types.join(' or ')}`];
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => faults(item, schema.items ?? {}, `${at}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  const properties = schema.properties ?? {};
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    const property = properties[name];
    return property === undefined ? [`${at}.${name} is not described`] : faults(each, property, `${at}.${name}`);
  });
  return [...missing, ...wrong];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
