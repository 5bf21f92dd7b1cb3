import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readEnv } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until } from '../../../../test/support/vendor-tools.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { SandboxEnv } from '../sandbox.env.js';

const ENV = {
  SANDBOX_PORT: '0',
  SANDBOX_TICKS_PER_SECOND: '60',
};

let sandbox: Sandbox;
const frames: { ev: string; status?: string; message?: string; sym?: string }[][] = [];

async function client(clock: ManualClock): Promise<WebSocket> {
  frames.length = 0;
  sandbox = await startSandbox(readEnv(SandboxEnv, ENV), clock);
  const socket = new WebSocket(sandbox.settings['POLYGON_URL']!);
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as (typeof frames)[number]));
  await until('the greeting', () => frames.length === 1);
  return socket;
}

afterEach(() => sandbox.close());

const statuses = (): string[] => frames.flat().flatMap(({ status }) => status ?? []);

it('speaks the session as documented: a status for each topic, errors that end nothing', async () => {
  const socket = await client(new ManualClock());
  const say = (action: string, params: string): void => socket.send(JSON.stringify({ action, params }));
  say('subscribe', 'T.AAPL');
  socket.send('nonsense');
  say('auth', 'sandbox-polygon-key');
  say('subscribe', 'T.AAPL,Q.BRK.B,X.AAPL,T.A*');
  say('unsubscribe', 'T.AAPL');
  await until('the answers', () => frames.length === 9);
  expect(frames.map(([one]) => `${one!.status}: ${one!.message}`)).toEqual([
    'connected: Connected Successfully',
    'error: not authorized',
    'error: invalid request',
    'auth_success: authenticated',
    'success: subscribed to: T.AAPL',
    'success: subscribed to: Q.BRK.B',
    'error: invalid topic: X.AAPL',
    'error: invalid topic: T.A*',
    'success: unsubscribed to: T.AAPL',
  ]);
  expect(sandbox.stats('polygon')['topics']).toBe(1);
});

it('ends a connection that does not send its key', async () => {
  const clock = new ManualClock();
  const socket = await client(clock);
  clock.advance(10_000);
  await until('the end', () => socket.readyState === WebSocket.CLOSED);
  expect(statuses()).toEqual(['connected', 'auth_timeout']);
});

it('sends bars of a minute at its end, and everything for a wildcard', async () => {
  const clock = new ManualClock(1_700_000_040_000);
  const socket = await client(clock);
  socket.send('{"action":"auth","params":"sandbox-polygon-key"}');
  socket.send('{"action":"subscribe","params":"AM.*"}');
  await until('the topic', () => sandbox.stats('polygon')['topics'] === 1);
  for (let i = 0; i < 61; i++) clock.advance(1000);
  const bars = (): { sym: string; s: number; e: number }[] =>
    frames.flat().filter(({ ev }) => ev === 'AM') as unknown as { sym: string; s: number; e: number }[];
  await until('a bar of each', () => new Set(bars().map(({ sym }) => sym)).size === 26);
  expect(bars()[0]).toMatchObject({ s: 1_700_000_040_000, e: 1_700_000_100_000 });
  socket.terminate();
});

it('cuts off, without a word, a reader that does not keep up', async () => {
  const clock = new ManualClock();
  const socket = await client(clock);
  let code = 0;
  socket.on('close', (given) => (code = given));
  socket.send('{"action":"auth","params":"sandbox-polygon-key"}');
  socket.send('{"action":"subscribe","params":"T.*,Q.*"}');
  await until('the topics', () => sandbox.stats('polygon')['topics'] === 2);
  socket.pause();
  for (let i = 0; i < 300 && sandbox.stats('polygon')['slow'] === 0; i++) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sandbox.stats('polygon')).toMatchObject({ slow: 1 });
  socket.resume();
  await until('the end', () => socket.readyState === WebSocket.CLOSED);
  expect(code).toBe(1006);
  expect(statuses().filter((name) => name !== 'success')).toEqual(['connected', 'auth_success']);
});
