import { connect as tcpConnect, type Socket } from 'node:net';
import { io } from 'socket.io-client';
import { afterEach, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

let product: Product;

afterEach(() => product.stop());

it('limits how many clients connect, on every door', async () => {
  product = await aProduct({ MAX_CONNECTIONS: '1' });
  const first = await RawClient.connect(product.wsUrl);
  await first.next('connected');
  const second = await RawClient.connect(product.wsUrl);
  expect(await second.next('error')).toMatchObject({
    code: 'CONNECTION_LIMIT',
    category: 'connection',
    retryable: true,
  });
  expect((await second.ended()).code).toBe(1013);
  const third = io(product.url, { transports: ['websocket'], reconnection: false });
  const refused = await new Promise<Error & { data?: { code: string } }>((resolve) =>
    third.once('connect_error', resolve),
  );
  expect(refused.data).toMatchObject({ code: 'CONNECTION_LIMIT' });
  first.close();
  await until('room again', () => product.hub.clients.size === 0);
  await (await RawClient.connect(product.wsUrl)).next('connected');
});

it('limits how many symbols one client wants', async () => {
  product = await aProduct({ MAX_SYMBOLS_PER_CLIENT: '2' });
  const client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:INFY', 'NSE:SBIN'] });
  expect(await client.next('subscribed')).toMatchObject({
    symbols: ['NSE:TCS', 'NSE:INFY'],
    rejected: [{ symbol: 'NSE:SBIN', code: 'SUBSCRIPTION_LIMIT_EXCEEDED' }],
  });
});

it('warns a client that talks too much, and ends the connection when it goes on', async () => {
  product = await aProduct({ MESSAGES_PER_SECOND: '5' });
  const client = await RawClient.connect(product.wsUrl);
  // ten may come at once; the others are more than come back while they are read
  for (let i = 0; i < 15; i++) client.send({ action: 'ping' });
  expect(await client.next('error')).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
  expect(client.closed).toBeUndefined();
  for (let i = 0; i < 20; i++) client.send({ action: 'ping' });
  expect((await client.ended()).code).toBe(4429);
});

it('lets a client go that wants nothing', async () => {
  product = await aProduct({ IDLE_TIMEOUT_MS: '2000' });
  const busy = await RawClient.connect(product.wsUrl);
  busy.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
  const idle = await RawClient.connect(product.wsUrl);
  expect((await idle.ended()).code).toBe(4408);
  expect(busy.closed).toBeUndefined();
});

it('conflates a client that stops reading, tells it, and disconnects it in the end, while others see every change', async () => {
  product = await aProduct({ PROBE_MS: '200', SLOW_AFTER_MS: '1000', SLOW_DISCONNECT_MS: '2000', CONFLATION_MS: '5' });
  const reader = await RawClient.connect(product.wsUrl);
  reader.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:INFY'] });
  const stalled = await RawClient.connect(product.wsUrl);
  stalled.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:INFY'] });
  await stalled.next('price_update');
  stalled.socket.pause();
  await until('the disconnection', () => product.hub.clients.size === 1);
  expect(product.hub.counts).toMatchObject({ slowDisconnects: 1 });
  stalled.socket.resume();
  expect((await stalled.ended()).code).toBe(4430);
  expect(stalled.messages.some(({ type, resumed }) => type === 'slow' && resumed === false)).toBe(true);
  const sequences = reader.messages
    .filter(({ type, symbol }) => type === 'price_update' && symbol === 'NSE:TCS')
    .map(({ seq }) => Number(seq));
  expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i));
});

it('does the same for a Socket.IO client, below Socket.IO as it writes', async () => {
  product = await aProduct({ PROBE_MS: '200', SLOW_AFTER_MS: '1000', SLOW_DISCONNECT_MS: '2000', CONFLATION_MS: '5' });
  const socket = io(product.url, { transports: ['websocket'], reconnection: false });
  const notices: { resumed: boolean; dropped: number }[] = [];
  socket.on('slow', (notice: { resumed: boolean; dropped: number }) => notices.push(notice));
  await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS', 'NSE:INFY'] });
  const tcp = (socket.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws._socket;
  tcp.pause();
  await until('lateness', () => product.hub.counts.dropped > 3);
  tcp.resume();
  await until('recovery', () => notices.some(({ resumed, dropped }) => resumed && dropped > 3));
  const reason = new Promise<{ code: string }>((resolve) => socket.once('error', resolve));
  tcp.pause();
  await until('the disconnection', () => product.hub.clients.size === 0);
  tcp.resume();
  expect(await reason).toMatchObject({ code: 'SLOW_CONSUMER', category: 'connection' });
});

it('brings a client that pauses and returns up to date with snapshots', async () => {
  product = await aProduct({ PROBE_MS: '200', SLOW_AFTER_MS: '1000', CONFLATION_MS: '5' });
  const client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: ['NSE:TCS'], compression: 'delta' });
  await client.next('price_update');
  client.socket.pause();
  await until('lateness', () => product.hub.counts.dropped > 3);
  client.socket.resume();
  const back = await client.next('slow', ({ resumed }) => resumed === true);
  expect(back['dropped']).toBeGreaterThan(3);
  const snapshot = await client.next('snapshot');
  const update = await client.next('price_update');
  expect(update['seq']).toBe(Number(snapshot['seq']) + 1);
});

it('ends clients of a connection that is dead without a word', async () => {
  product = await aProduct({ HEARTBEAT_MS: '1000', SLOW_DISCONNECT_MS: '1000' });
  const { hostname, port } = new URL(product.url);
  const socket = tcpConnect(Number(port), hostname);
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await until('the client', () => product.hub.clients.size === 1);
  // it is there, reads, and never answers a ping
  socket.resume();
  await until('its end', () => product.hub.clients.size === 0);
  socket.destroy();
});

it('says goodbye before it leaves: draining, then close 1012, and no new clients', async () => {
  product = await aProduct({ DRAIN_GRACE_MS: '2000' });
  const raw = await RawClient.connect(product.wsUrl);
  raw.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
  await raw.next('snapshot');
  const stock = io(product.url, { transports: ['websocket'], reconnection: false });
  const goodbye = new Promise<{ reconnectAfter: number }>((resolve) => stock.once('draining', resolve));
  const why = new Promise<{ code: string }>((resolve) => stock.once('error', resolve));
  await new Promise((resolve) => stock.once('connected', resolve));
  const stopped = product.server.stop();
  expect(await raw.next('draining')).toMatchObject({ reconnectAfter: expect.any(Number) });
  expect((await goodbye).reconnectAfter).toBeGreaterThanOrEqual(1000);
  expect((await product.get('/health/ready')).status).toBe(503);
  expect((await product.get('/health/live')).status).toBe(200);
  const late = await RawClient.connect(product.wsUrl);
  expect(await late.next('error')).toMatchObject({ code: 'SERVER_DRAINING' });
  expect((await raw.ended()).code).toBe(1012);
  expect(await why).toMatchObject({ code: 'SERVER_DRAINING' });
  await stopped;
});

it('stops within seconds though clients of both doors neither read nor hang up', async () => {
  product = await aProduct({ DRAIN_GRACE_MS: '10', CONFLATION_MS: '5' });
  const stock = io(product.url, { transports: ['websocket'], reconnection: false });
  await stock.emitWithAck('subscribe', { symbols: ['NSE:TCS'] });
  const tcp = (stock.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws._socket;
  const raw = await RawClient.connect(product.wsUrl);
  raw.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
  await raw.next('snapshot');
  tcp.pause();
  raw.socket.pause();
  // and a request whose end never comes
  const { hostname, port } = new URL(product.url);
  const half = tcpConnect(Number(port), hostname).on('error', () => undefined);
  half.write('POST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
  await until('three connections', () => product.hub.clients.size === 2);
  const started = performance.now();
  await product.server.stop();
  expect(performance.now() - started).toBeLessThan(15_000);
  for (const socket of [tcp, half]) socket.destroy();
  raw.close();
});
