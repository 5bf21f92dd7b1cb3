import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Received } from '../support/recording-wire.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const SYMBOL = 'NSE:TCS';

let product: Product;

beforeAll(async () => {
  product = await aProduct({ CONFLATION_MS: '0' });
  // somebody goes on watching, so that the price goes on moving
  (await RawClient.connect(product.wsUrl)).send({ action: 'subscribe', symbols: [SYMBOL] });
});
afterAll(() => product.stop());

interface Visit {
  readonly epoch: string;
  readonly sequences: number[];
  readonly types: string[];
}

type Resume = { epoch: string; sequences: Record<string, number> };

/** Connects, subscribes, stays for some updates, and is cut off. */
type Door = (resume: Resume | undefined, updates: number) => Promise<Visit>;

function visit(messages: readonly Received[]): Visit {
  const ours = messages.filter(({ type, symbol }) => symbol === SYMBOL && /^(snapshot|price_update)$/.test(type));
  const epoch = messages.find(({ type }) => type === 'connected')?.['epoch'];
  return { epoch: String(epoch), sequences: ours.map(({ seq }) => Number(seq)), types: ours.map(({ type }) => type) };
}

const overWebSocket: Door = async (resume, updates) => {
  const client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: [SYMBOL], compression: 'delta', resume });
  await until('updates', () => visit(client.messages).sequences.length > updates);
  client.close();
  return visit(client.messages);
};

const overSocketIo: Door = async (resume, updates) => {
  const messages: Received[] = [];
  const socket: Socket = io(product.url, { transports: ['websocket'], forceNew: true, reconnection: false });
  socket.onAny((type: string, payload: object) => messages.push({ type, ...payload }));
  socket.emit('subscribe', { symbols: [SYMBOL], compression: 'delta', resume });
  await until('updates', () => visit(messages).sequences.length > updates);
  // Socket.IO's own recovery is off: beside ours it would deliver twice
  expect(socket.recovered).toBeFalsy();
  socket.io.engine.close();
  return visit(messages);
};

describe.each([
  ['plain WebSocket', overWebSocket, overWebSocket],
  ['Socket.IO', overSocketIo, overSocketIo],
  ['one door after the other', overSocketIo, overWebSocket],
])('a client that returns over %s', (_, first, second) => {
  it('gets each change it has missed, once and in order', async () => {
    const before = await first(undefined, 3);
    const last = before.sequences.at(-1) as number;
    await until('changes', () => product.sequence(SYMBOL) > last + 3);
    const after = await second({ epoch: before.epoch, sequences: { [SYMBOL]: last } }, 5);
    expect(after.types).not.toContain('snapshot');
    expect(after.sequences).toEqual(after.sequences.map((_each, i) => last + 1 + i));
  });

  it('starts from a snapshot when the server has lived anew', async () => {
    const after = await second({ epoch: 'another', sequences: { [SYMBOL]: 1 } }, 1);
    expect(after.types[0]).toBe('snapshot');
  });
});
