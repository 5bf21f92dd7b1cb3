import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readEnv } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until } from '../../../../test/support/vendor-tools.js';
import type { Listing } from '../market-model/listing.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { SandboxEnv } from '../sandbox.env.js';
import type { QuoteRecord } from './json.record.js';

const STEP_MS = 20;
const SYMBOLS = ['NSE:TCS', 'NSE:INFY', 'BSE:500325'];

let sandbox: Sandbox;
let sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets = [];
  await sandbox.close();
});

async function start(clock: ManualClock, env: Record<string, string> = {}): Promise<void> {
  sandbox = await startSandbox(
    readEnv(SandboxEnv, { SANDBOX_PORT: '0', SANDBOX_TICKS_PER_SECOND: '5', ...env }),
    clock,
  );
}

interface Frame {
  readonly type: string;
  readonly symbols?: readonly string[];
  readonly data?: QuoteRecord[];
}

/** A client that merges what it can read, as a vendor's client does. */
class Client {
  readonly frames: Frame[] = [];
  readonly quotes = new Map<string, QuoteRecord>();
  unreadable = 0;
  pongs = 0;
  private barriers = 0;

  private constructor(readonly socket: WebSocket) {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('pong', () => this.pongs++);
    socket.on('message', (data: Buffer) => this.take(data.toString()));
  }

  static async connect(): Promise<Client> {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${sandbox.port}/json/stream`));
    await until('an open socket', () => client.socket.readyState === WebSocket.OPEN);
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Everything the vendor has sent so far is here. */
  async settle(): Promise<void> {
    const awaited = ++this.barriers;
    const isBarrier = ({ type, symbols }: Frame): boolean => type === 'unsubscribed' && symbols?.length === 0;
    this.send({ op: 'unsubscribe', symbols: [] });
    await until('the acknowledgement', () => this.frames.filter(isBarrier).length === awaited);
  }

  ofType(type: string): QuoteRecord[][] {
    return this.frames.filter((frame) => frame.type === type).map(({ data = [] }) => data);
  }

  private take(text: string): void {
    try {
      const frame = JSON.parse(text) as Frame;
      this.frames.push(frame);
      for (const record of frame.data ?? []) this.quotes.set(record.s, { ...this.quotes.get(record.s), ...record });
    } catch {
      this.unreadable++;
    }
  }
}

const truth = (listing: Listing): QuoteRecord => ({
  s: listing.instrument.id,
  p: listing.last,
  t: listing.changedAt,
  v: listing.volume,
  b: listing.bid,
  a: listing.ask,
  bs: listing.bidSize,
  as: listing.askSize,
  ls: listing.lastSize,
  ap: listing.averagePrice,
  o: listing.open,
  h: listing.high,
  l: listing.low,
  pc: listing.previousClose,
  lc: listing.lowerCircuit,
  uc: listing.upperCircuit,
  x: listing.haltedUntil > Date.now(),
});

function expectTruth({ quotes }: Client): void {
  for (const symbol of SYMBOLS) expect(quotes.get(symbol)).toEqual(truth(sandbox.market.listings.get(symbol)!));
}

describe('a client', () => {
  it('gets one frame a step with all that moved, and ends with exactly the quotes of the market', async () => {
    const clock = new ManualClock();
    await start(clock, { SANDBOX_TICKS_PER_SECOND: '60' });
    const client = await Client.connect();
    client.send({ op: 'subscribe', symbols: [...SYMBOLS, ...SYMBOLS, 'NSE:NOPE'] });
    await client.settle();
    expect(client.frames[0]).toEqual({ type: 'subscribed', symbols: SYMBOLS, rejected: ['NSE:NOPE'] });
    expect(client.ofType('quotes')[0]!.map(({ s }) => s)).toEqual(SYMBOLS);
    clock.advance(50 * STEP_MS);
    await client.settle();
    const frames = client.ofType('quotes').slice(1);
    expect(frames.length).toBeLessThanOrEqual(50);
    expect(frames.length).toBeGreaterThan(30);
    expect(frames.some((records) => records.length > 1)).toBe(true);
    for (const records of frames) expect(new Set(records.map(({ s }) => s)).size).toBe(records.length);
    expectTruth(client);
  });

  it('gets whole quotes again when it subscribes again, and nothing when it has unsubscribed', async () => {
    const clock = new ManualClock();
    await start(clock);
    const client = await Client.connect();
    for (let i = 0; i < 2; i++) client.send({ op: 'subscribe', symbols: ['NSE:TCS'] });
    await client.settle();
    const [first, second] = client.ofType('quotes').map(([record]) => record);
    expect([first, Object.keys(first!).length]).toEqual([second, 17]);
    client.send({ op: 'unsubscribe', symbols: ['NSE:TCS'] });
    await client.settle();
    const { length } = client.ofType('quotes');
    clock.advance(3000);
    await until('a heartbeat', () => client.ofType('heartbeat').length > 0);
    expect(client.ofType('quotes')).toHaveLength(length);
  });

  it('gets a quote at once also before the first trade of the day', async () => {
    await start(new ManualClock(Date.parse('2026-11-20T03:40:00Z')), { SANDBOX_SESSION: 'clock' });
    const client = await Client.connect();
    client.send({ op: 'subscribe', symbols: ['NSE:TCS'] });
    await client.settle();
    expect(client.quotes.get('NSE:TCS')).toMatchObject({ p: 3110, pc: 3110, v: 0, t: expect.any(Number) });
    expect(client.quotes.get('NSE:TCS')).not.toHaveProperty('o');
  });

  it('hears a heartbeat every two seconds', async () => {
    const clock = new ManualClock();
    await start(clock);
    const client = await Client.connect();
    await client.settle();
    clock.advance(10_000);
    await client.settle();
    expect(client.ofType('heartbeat')).toHaveLength(5);
  });

  it.each([
    'nonsense',
    'null',
    '[]',
    { op: 'buy', symbols: [] },
    { op: 'subscribe' },
    { op: 'subscribe', symbols: [1] },
  ])('that sends %j is told so', async (message) => {
    await start(new ManualClock());
    const client = await Client.connect();
    client.send(message);
    await until('an error', () => client.ofType('error').length === 1);
  });
});

describe('a fault', () => {
  it.each(['stall', 'malformed'] as const)('%s leaves nothing wrong behind when it is over', async (kind) => {
    const clock = new ManualClock();
    await start(clock, { SANDBOX_TICKS_PER_SECOND: '60' });
    const client = await Client.connect();
    client.send({ op: 'subscribe', symbols: SYMBOLS });
    await client.settle();
    sandbox.setFault({ target: 'json', kind });
    clock.advance(5000);
    sandbox.clearFaults();
    clock.advance(1000);
    await client.settle();
    expect(client.unreadable > 0).toBe(kind === 'malformed');
    expectTruth(client);
  });

  it('stall keeps the connection and answers nothing, not even pings', async () => {
    const clock = new ManualClock();
    await start(clock);
    const client = await Client.connect();
    client.send({ op: 'subscribe', symbols: SYMBOLS });
    await client.settle();
    const { length } = client.frames;
    sandbox.setFault({ target: 'json', kind: 'stall' });
    client.socket.ping();
    client.send({ op: 'subscribe', symbols: SYMBOLS });
    clock.advance(5000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([client.frames.length, client.pongs, client.socket.readyState]).toEqual([length, 0, WebSocket.OPEN]);
    sandbox.clearFaults();
    client.socket.ping();
    await until('a pong', () => client.pongs === 1);
  });

  it('delay sends later, and in order', async () => {
    const clock = new ManualClock();
    await start(clock);
    const client = await Client.connect();
    sandbox.setFault({ target: 'json', kind: 'delay', ms: 500 });
    client.send({ op: 'subscribe', symbols: ['NSE:TCS'] });
    await until('the request', () => sandbox.stats('json')['requests'] === 1);
    clock.advance(499);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.frames).toEqual([]);
    clock.advance(1);
    await until('the answer', () => client.frames.length >= 2);
    expect(client.frames.slice(0, 2).map(({ type }) => type)).toEqual(['subscribed', 'quotes']);
  });

  it.each([
    [{ kind: 'rate-limit', retryAfterSeconds: 7 }, 429, '7'],
    [{ kind: 'error', status: 502 }, 502, undefined],
    [{ kind: 'error' }, 503, undefined],
  ] as const)('%j closes what is open and refuses what comes', async (fault, status, retryAfter) => {
    await start(new ManualClock());
    const client = await Client.connect();
    sandbox.setFault({ target: 'json', ...fault });
    await until('the close', () => client.socket.readyState === WebSocket.CLOSED);
    const socket = new WebSocket(`ws://127.0.0.1:${sandbox.port}/json/stream`);
    socket.on('error', () => undefined);
    const answer = await new Promise<IncomingMessage>((resolve) => {
      socket.on('unexpected-response', (_, response) => resolve(response));
    });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, retryAfter]);
    answer.destroy();
  });

  it('disconnect breaks what is open and what comes', async () => {
    await start(new ManualClock());
    const client = await Client.connect();
    sandbox.setFault({ target: 'json', kind: 'disconnect' });
    await until('the end', () => client.socket.readyState === WebSocket.CLOSED);
    const error = await new Promise<Error>((resolve) => {
      new WebSocket(`ws://127.0.0.1:${sandbox.port}/json/stream`).on('error', resolve);
    });
    expect(error.message).toMatch(/hang up|ECONNRESET/);
  });
});
