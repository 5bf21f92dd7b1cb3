import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { unpack } from 'msgpackr';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

interface Update {
  symbol: string;
  seq: number;
  data: Record<string, unknown>;
}

let product: Product;
const sockets: Socket[] = [];

beforeAll(async () => {
  product = await aProduct();
});
afterAll(() => product.stop());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

function connect(options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(product.url, { transports: ['websocket'], reconnection: false, forceNew: true, ...options });
  sockets.push(socket);
  return socket;
}

const event = <T>(socket: Socket, name: string): Promise<T> => new Promise((resolve) => socket.once(name, resolve));

describe('a stock Socket.IO client', () => {
  it('is greeted, subscribes with an acknowledgement, and sees a snapshot and then each change', async () => {
    const socket = connect();
    const order: string[] = [];
    socket.onAny((name: string) => order.push(name));
    expect(await event(socket, 'connected')).toMatchObject({ version: 1, epoch: product.hub.epoch });
    const updates: Update[] = [];
    socket.on('price_update', (update: Update) => updates.push(update));
    const snapshot = event<Update>(socket, 'snapshot');
    const answer: unknown = await socket.emitWithAck('subscribe', { symbols: ['NSE:RELIANCE', 'nope'] });
    expect(answer).toMatchObject({
      type: 'subscribed',
      symbols: ['NSE:RELIANCE'],
      rejected: [{ symbol: 'nope', code: 'INVALID_SYMBOL' }],
    });
    const { seq } = await snapshot;
    await until('five updates', () => updates.length >= 5);
    expect(updates.slice(0, 5).map((update) => update.seq)).toEqual([1, 2, 3, 4, 5].map((step) => seq + step));
    expect(updates[0]!.data).toMatchObject({ symbol: 'NSE:RELIANCE', companyName: 'Reliance Industries Limited' });
    expect(order.slice(0, 3)).toEqual(['connected', 'snapshot', 'price_update']);
  });

  it('gets answers as events when it gives no acknowledgement', async () => {
    const socket = connect();
    socket.emit('subscribe', { symbols: ['NSE:TCS'] });
    expect(await event(socket, 'subscribed')).toMatchObject({ symbols: ['NSE:TCS'] });
    socket.emit('ping', { timestamp: 5 });
    expect(await event(socket, 'pong')).toMatchObject({ timestamp: 5 });
  });

  it('gets deltas in batches when it asks for them', async () => {
    const socket = connect();
    const batch = event<{ updates: Update[]; compression: string }>(socket, 'batch_update');
    await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS'], compression: 'delta', batch: true });
    const { updates, compression } = await batch;
    expect([compression, updates[0]!.symbol]).toEqual(['delta', 'NSE:TCS']);
    expect(updates[0]!.data).not.toHaveProperty('companyName');
  });

  it('gets MessagePack attachments when it asks for them', async () => {
    const socket = connect({ query: { format: 'msgpack' } });
    const update = event<Buffer>(socket, 'price_update');
    await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS'] });
    expect(unpack(await update)).toMatchObject({
      symbol: 'NSE:TCS',
      data: { companyName: 'Tata Consultancy Services Limited' },
    });
  });

  it('gets every update on long polling, and after an upgrade to WebSocket, in sequence', async () => {
    for (const transports of [['polling'], ['polling', 'websocket']]) {
      const socket = connect({ transports });
      const sequences: number[] = [];
      socket.on('snapshot', (update: Update) => sequences.push(update.seq));
      socket.on('price_update', (update: Update) => sequences.push(update.seq));
      await socket.emitWithAck('subscribe', { symbols: ['NSE:INFY'] });
      await until('thirty updates', () => sequences.length >= 30);
      expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i));
      await until('the last transport', () => socket.io.engine.transport.name === transports.at(-1));
    }
  });

  it.each<[string, string, unknown, string]>([
    ['no payload', 'subscribe', undefined, 'INVALID_MESSAGE'],
    ['a payload of the wrong type', 'subscribe', 'NSE:TCS', 'INVALID_MESSAGE'],
    ['a list as payload', 'subscribe', [['NSE:TCS']], 'INVALID_MESSAGE'],
    ['an option nobody knows', 'subscribe', { symbols: ['NSE:TCS'], compression: 'zip' }, 'INVALID_MESSAGE'],
    ['an unknown event', 'buy', {}, 'UNSUPPORTED_ACTION'],
    ['credentials nobody asks for', 'authenticate', { token: 'x' }, 'UNSUPPORTED_ACTION'],
  ])('gets an error with a stable code for %s, through the acknowledgement', async (_, name, payload, code) => {
    const answer: unknown = await connect().emitWithAck(name, payload);
    expect(answer).toMatchObject({ type: 'error', code, category: 'message', retryable: false });
  });

  it('is disconnected for a message that is too large, and told why', async () => {
    const socket = connect();
    const error = event<{ code: string }>(socket, 'error');
    const gone = event<string>(socket, 'disconnect');
    socket.emit('ping', { padding: 'x'.repeat(70_000) });
    expect((await error).code).toBe('MESSAGE_TOO_LARGE');
    expect(await gone).toBe('io server disconnect');
  });

  it('is refused for a format the door does not speak', async () => {
    const refused = await event<Error & { data: unknown }>(connect({ query: { format: 'compact' } }), 'connect_error');
    expect(refused.data).toMatchObject({ code: 'INVALID_MESSAGE' });
  });

  it('is forgotten when it leaves', async () => {
    const socket = connect();
    await socket.emitWithAck('subscribe', { symbols: ['NSE:WIPRO'] });
    expect(product.hub.subscriptions.count('NSE:WIPRO')).toBe(1);
    socket.disconnect();
    await until('its end', () => product.hub.subscriptions.count('NSE:WIPRO') === 0);
  });
});

it('keeps no connection of a client that leaves the namespace, which nobody would count', async () => {
  const socket = new WebSocket(`${product.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  socket.on('message', (data: Buffer) => packets.push(data.toString()));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await until('the handshake', () => packets.some((packet) => packet.startsWith('0')));
  socket.send('40');
  await until('the greeting', () => packets.some((packet) => packet.startsWith('42["connected"')));
  socket.send('41');
  await closed;
});
