import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readEnv } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until } from '../../../../test/support/vendor-tools.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { SandboxEnv } from '../sandbox.env.js';

const NOON = Date.parse('2026-03-02T12:00:10Z');

let sandbox: Sandbox;
let clock: ManualClock;
let sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets = [];
  await sandbox.close();
});

async function start(): Promise<void> {
  clock = new ManualClock(NOON);
  sandbox = await startSandbox(readEnv(SandboxEnv, { SANDBOX_PORT: '0', SANDBOX_STEP_MS: '1000' }), clock);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function get(path: string, key = 'sandbox'): Promise<Answer> {
  const headers = { Authorization: `apikey ${key}` };
  const response = await fetch(`${sandbox.url}/twelvedata${path}`, { headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

type Frame = Record<string, unknown>;

/** A client that keeps what it gets. */
async function connect(
  key = 'sandbox',
): Promise<{ socket: WebSocket; frames: Frame[]; send: (message: object) => void }> {
  const socket = new WebSocket(`${sandbox.url.replace('http', 'ws')}/twelvedata/v1/quotes/price?apikey=${key}`);
  sockets.push(socket);
  const frames: Frame[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame));
  await until('an open socket', () => socket.readyState === WebSocket.OPEN);
  return { socket, frames, send: (message) => socket.send(JSON.stringify(message)) };
}

describe('calls', () => {
  it('answer one symbol flat, several by name, and each that fails in its place', async () => {
    await start();
    const one = await get('/price?symbol=TCS:NSE');
    expect([one.status, one.headers.get('is_batch'), Object.keys(one.body)]).toEqual([200, null, ['price']]);
    const two = await get('/price?symbol=TCS,NOPE&exchange=NSE&dp=2');
    expect([two.status, two.headers.get('is_batch')]).toEqual([200, 'true']);
    expect(two.body).toEqual({
      TCS: { price: sandbox.market.listings.get('NSE:TCS')!.last.toFixed(2) },
      NOPE: { code: 404, status: 'error', message: expect.stringContaining('**symbol** not found: NOPE') },
    });
    expect((await get('/quote?symbol=NOPE')).status).toBe(404);
  });

  it('are refused without a key, a symbol or a route, and with too many symbols', async () => {
    await start();
    const outcomes = [
      await get('/quote?symbol=TCS', 'nobody'),
      await get('/quote'),
      await get('/nothing?symbol=TCS'),
      await get(`/quote?symbol=${Array.from({ length: 121 }, (_, i) => `S${i}`).join(',')}`),
    ];
    expect(outcomes.map(({ status, body }) => [status, body['code'], body['status']])).toEqual(
      [401, 400, 404, 414].map((code) => [code, code, 'error']),
    );
  });

  it('cost a credit for each symbol, until there are none', async () => {
    await start();
    const five = '/price?symbol=TCS,INFY,SBIN,ITC,LT';
    expect((await get(five, 'free')).headers.get('api-credits-left')).toBe('3');
    const { status, body } = await get('/price?symbol=TCS,INFY,SBIN,ITC', 'free');
    expect(status).toBe(429);
    expect(body['message']).toMatch(
      /for the current minute\. 9 API credits were used, with the current limit being 8\./,
    );
    expect((await get('/api_usage', 'free')).body).toMatchObject({ current_usage: 9, plan_limit: 8, daily_usage: 9 });
  });
});

describe('the stream', () => {
  it('acknowledges text and objects, with null for an empty list, and sends prices in whole seconds', async () => {
    await start();
    const { frames, send } = await connect();
    send({ action: 'subscribe', params: { symbols: 'AAPL, NOPE' } });
    send({ action: 'subscribe', params: { symbols: [{ symbol: 'TCS', mic_code: 'XNSE' }] } });
    send({ action: 'heartbeat' });
    await until('the answers', () => frames.length === 3);
    expect(frames).toMatchObject([
      {
        event: 'subscribe-status',
        status: 'ok',
        success: [{ symbol: 'AAPL', exchange: 'NASDAQ' }],
        fails: [{ symbol: 'NOPE' }],
      },
      { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'TCS', exchange: 'NSE' }], fails: null },
      { event: 'heartbeat', status: 'ok' },
    ]);
    sandbox.market.print('NSE:TCS', sandbox.market.listings.get('NSE:TCS')!.last);
    await until('a price', () => frames.length === 4);
    expect(frames[3]).toMatchObject({ event: 'price', symbol: 'TCS', exchange: 'NSE', timestamp: NOON / 1000 });
  });

  it('forgets what it sent before a reset', async () => {
    await start();
    const { frames, send } = await connect();
    send({ action: 'subscribe', params: { symbols: 'TCS:NSE' } });
    send({ action: 'reset' });
    await until('the answers', () => frames.length === 2);
    sandbox.market.print('NSE:TCS', 3000);
    send({ action: 'heartbeat' });
    await until('the heartbeat', () => frames.length === 3);
    expect(frames.map(({ event }) => event)).toEqual(['subscribe-status', 'reset-status', 'heartbeat']);
  });

  it('closes the oldest of four connections of a key', async () => {
    await start();
    const clients = [await connect(), await connect(), await connect(), await connect('free')];
    await connect();
    await until('the end of the oldest', () => clients[0]!.socket.readyState === WebSocket.CLOSED);
    await until('four left', () => sandbox.stats('twelvedata')['connections'] === 4);
    expect(sandbox.stats('twelvedata')).toMatchObject({ ousted: 1 });
  });

  it('closes a connection without heartbeats, and keeps one with them', async () => {
    await start();
    const [silent, lively] = [await connect(), await connect()];
    clock.advance(40_000);
    lively.send({ action: 'heartbeat' });
    await until('the heartbeat', () => lively.frames.some(({ event }) => event === 'heartbeat'));
    clock.advance(30_000);
    await until('the end of the silent one', () => silent.socket.readyState === WebSocket.CLOSED);
    expect(lively.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('refuses more than a hundred events a minute, and what it cannot read', async () => {
    await start();
    const { socket, frames, send } = await connect();
    for (let i = 0; i < 101; i++) send({ action: 'reset' });
    socket.send('{"action":');
    await until('the answers', () => frames.length === 102);
    expect(frames.slice(99)).toMatchObject([
      { event: 'reset-status' },
      { status: 'error' },
      { status: 'error', code: 400 },
    ]);
    expect(sandbox.stats('twelvedata')).toMatchObject({ events: 101, surplus: 1 });
  });
});
