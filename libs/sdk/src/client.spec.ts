import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { connect } from './connect.js';
import type { ConnectOptions } from './options.js';
import type { Fetch } from './poller.js';
import type { ConnectionEvent, Tickwire } from './tickwire.js';

interface Sent {
  readonly action: string;
  readonly id: number;
  readonly [property: string]: unknown;
}

/** A WebSocket whose other end is the test. */
class ScriptedSocket {
  static all: ScriptedSocket[] = [];
  static get last(): ScriptedSocket {
    return ScriptedSocket.all.at(-1)!;
  }

  binaryType = '';
  readyState = 0;
  sent: Sent[] = [];
  private readonly listeners = new Map<string, (event: never) => void>();

  constructor(readonly url: string) {
    ScriptedSocket.all.push(this);
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.listeners.set(type, listener);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.readyState = 3;
  }

  tell(message: object): void {
    this.dispatch('message', { data: JSON.stringify(message) });
  }

  dispatch(type: string, event: object = {}): void {
    this.listeners.get(type)?.(event as never);
  }

  /** Everything sent of one action since the last call, answered with `answer` where there is one. */
  take(action: string, answer?: (sent: Sent) => object): Sent[] {
    const taken = this.sent.filter((one) => one.action === action);
    this.sent = this.sent.filter((one) => one.action !== action);
    if (answer !== undefined) for (const one of taken) this.tell({ ...answer(one), id: one.id });
    return taken;
  }

  async accept(epoch = 'e1', limits: object = {}): Promise<void> {
    this.readyState = 1;
    this.dispatch('open');
    this.tell({ type: 'connected', epoch, timestamp: clock.now(), heartbeatInterval: 25_000, limits });
    await settled();
  }

  end(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.dispatch('close', { code, reason });
  }
}

const subscribed = ({ symbols }: Sent): object => ({ type: 'subscribed', symbols, rejected: [] });
const pong = (): object => ({ type: 'pong', serverTime: clock.now() });

/** Lets promises and the client's own "as soon as possible" run. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
  clock.advance(0);
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

let clock: ManualClock;
let tickwire: Tickwire;
let events: ConnectionEvent[];
let errors: string[];

beforeEach(() => {
  clock = new ManualClock();
  ScriptedSocket.all = [];
});
afterEach(() => tickwire.close());

async function open(options: Partial<ConnectOptions> = {}): Promise<void> {
  tickwire = connect({
    url: 'http://server:3000/',
    WebSocket: ScriptedSocket,
    clock,
    random: () => 1,
    polling: false,
    ...options,
  });
  events = [];
  errors = [];
  tickwire.on('connection', (event) => events.push(event));
  tickwire.on('error', ({ code }) => errors.push(code));
  await settled();
}

const snapshot = (symbol: string, seq: number, price: number, epoch = 'e1'): object => ({
  type: 'snapshot',
  symbol,
  epoch,
  seq,
  data: { symbol, price },
  timestamp: clock.now(),
});
const batch = (...updates: object[]): object => ({
  type: 'batch_update',
  updates,
  compression: 'delta',
  timestamp: clock.now(),
});

describe('connecting', () => {
  it('pauses for at most 1, 2, 4, 8, 16 and then 30 seconds, by chance less', async () => {
    await open();
    expect(ScriptedSocket.last.url).toBe('ws://server:3000/ws?format=json');
    for (const bound of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const attempts = ScriptedSocket.all.length;
      ScriptedSocket.last.end();
      clock.advance(bound - 1);
      await settled();
      expect(ScriptedSocket.all.length).toBe(attempts);
      clock.advance(1);
      await settled();
      expect(ScriptedSocket.all.length).toBe(attempts + 1);
    }
    await tickwire.close();
    await open({ random: () => 0.25 });
    ScriptedSocket.last.end();
    clock.advance(250);
    await settled();
    expect(ScriptedSocket.all.length).toBe(10);
  });

  it('starts over with short pauses once a connection has held', async () => {
    await open();
    for (const pause of [1000, 2000, 4000, 8000]) {
      ScriptedSocket.last.end();
      clock.advance(pause);
      await settled();
    }
    await ScriptedSocket.last.accept();
    clock.advance(6000);
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    expect(ScriptedSocket.all.length).toBe(6);
    expect(events.map(({ state }) => state)).toEqual(['RECONNECTING', 'OPEN', 'RECONNECTING']);
  });

  it('comes back when a server that is leaving says', async () => {
    await open();
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.tell({ type: 'draining', reconnectAfter: 7000 });
    ScriptedSocket.last.end(1012);
    clock.advance(6999);
    await settled();
    expect(ScriptedSocket.all.length).toBe(1);
    clock.advance(1);
    await settled();
    expect(ScriptedSocket.all.length).toBe(2);
  });

  it('counts an attempt that takes too long, and a server that falls silent, as failed', async () => {
    await open({ connectTimeout: 3000, heartbeat: 5000, requestTimeout: 2000 });
    clock.advance(3000);
    expect(tickwire.state).toBe('RECONNECTING');
    clock.advance(1000);
    await settled();
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('ping', pong);
    await settled();
    expect(tickwire.metrics().latency).toMatchObject({ roundTrip: 0, clockOffset: 0 });
    clock.advance(5000);
    clock.advance(1999);
    await settled();
    expect(tickwire.state).toBe('OPEN');
    clock.advance(1);
    await settled();
    expect(tickwire.state).toBe('RECONNECTING');
  });

  it('gives up after so many attempts, when refused for good, or when told not to come back; and connects again when asked', async () => {
    await open({ maxAttempts: 2 });
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    ScriptedSocket.last.end();
    expect([tickwire.state, errors]).toEqual(['CLOSED', ['GAVE_UP']]);
    tickwire.connect();
    await settled();
    ScriptedSocket.last.end(1008, 'wrong format');
    expect(tickwire.state).toBe('CLOSED');
    await tickwire.close();
    await open({ autoReconnect: false });
    ScriptedSocket.last.end();
    expect(tickwire.state).toBe('CLOSED');
    expect(clock.pending).toBe(0);
  });

  it('disconnects in order, leaves no timer, and keeps what is wished for the next time', async () => {
    await open();
    tickwire.subscribe(['NSE:TCS']);
    await ScriptedSocket.last.accept();
    tickwire.disconnect();
    await settled();
    expect(events.map(({ state }) => state)).toEqual(['OPEN', 'CLOSING', 'CLOSED']);
    expect(clock.pending).toBe(0);
    tickwire.connect();
    await settled();
    await ScriptedSocket.last.accept();
    expect(ScriptedSocket.last.take('subscribe')).toMatchObject([{ symbols: ['NSE:TCS'] }]);
  });
});

describe('credentials', () => {
  it('are shown first, and renewed before they end', async () => {
    const tokens = ['one', 'two'];
    await open({ token: () => tokens.shift()! });
    tickwire.subscribe(['NSE:TCS']);
    await ScriptedSocket.last.accept();
    expect([tickwire.state, ScriptedSocket.last.take('subscribe')]).toEqual(['CONNECTING', []]);
    const authenticated = (): object => ({ type: 'authenticated', expiresAt: clock.now() + 100_000, limits: {} });
    expect(ScriptedSocket.last.take('authenticate', authenticated)).toMatchObject([{ token: 'one' }]);
    await settled();
    expect(tickwire.state).toBe('OPEN');
    expect(ScriptedSocket.last.take('subscribe')).toHaveLength(1);
    ScriptedSocket.last.take('ping', pong);
    clock.advance(80_000);
    await settled();
    expect(ScriptedSocket.last.take('authenticate', authenticated)).toMatchObject([{ token: 'two' }]);
    expect(ScriptedSocket.all).toHaveLength(1);
  });

  it.each([
    ['one that cannot be renewed ends it', 'one', 'CLOSED'],
    ['another is fetched where there is one to fetch', () => 'fresh', 'RECONNECTING'],
  ])('that are refused: %s', async (_name, token, state) => {
    await open({ token });
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('authenticate', () => ({
      type: 'error',
      code: 'TOKEN_EXPIRED',
      message: 'The token has expired',
      retryable: false,
    }));
    await settled();
    expect(tickwire.state).toBe(state);
  });

  it('are not needed by a server that does not ask for them', async () => {
    await open({ token: 'one' });
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('authenticate', () => ({
      type: 'error',
      code: 'UNSUPPORTED_ACTION',
      message: 'no credentials here',
      retryable: false,
    }));
    await settled();
    expect(tickwire.state).toBe('OPEN');
  });
});

describe('wishes', () => {
  it('made and withdrawn without a connection come to one message when there is one', async () => {
    await open({ queueSize: 3 });
    const first = tickwire.subscribe(['NSE:A', 'NSE:B']);
    tickwire.subscribe(['NSE:B', 'NSE:C']);
    expect(() => tickwire.subscribe(['NSE:D'])).toThrow(expect.objectContaining({ code: 'QUEUE_FULL' }));
    first.unsubscribe();
    await ScriptedSocket.last.accept();
    const sent = ScriptedSocket.last.sent.filter(({ action }) => action !== 'ping');
    expect(sent).toMatchObject([
      { action: 'subscribe', symbols: ['NSE:B', 'NSE:C'], mode: 'quote', compression: 'delta', batch: true },
    ]);
  });

  it('of one moment go together, in messages the server takes, and only what differs is said', async () => {
    await open();
    await ScriptedSocket.last.accept('e1', { maxSymbolsPerMessage: 2, maxMessageBytes: 65_536 });
    tickwire.subscribe(['NSE:A', 'NSE:B', 'NSE:C']);
    tickwire.subscribe(['NSE:A'], { mode: 'ltp' });
    await settled();
    expect(ScriptedSocket.last.take('subscribe', subscribed).map(({ symbols }) => symbols)).toEqual([
      ['NSE:A', 'NSE:B'],
      ['NSE:C'],
    ]);
    tickwire.unsubscribe(['NSE:A', 'NSE:B']);
    tickwire.subscribe(['NSE:B']);
    await settled();
    ScriptedSocket.last.take('ping', pong);
    const gone = ScriptedSocket.last.take('unsubscribe', ({ symbols }) => ({ type: 'unsubscribed', symbols }));
    expect([gone, ScriptedSocket.last.sent]).toMatchObject([[{ symbols: ['NSE:A'] }], []]);
    clock.advance(15_000);
    await settled();
    expect([ScriptedSocket.last.sent, errors]).toEqual([[], []]);
    const bytes = 4096;
    await tickwire.close();
    await open();
    const many = Array.from({ length: 500 }, (_, i) => `NSE:${'X'.repeat(20)}${i}`);
    tickwire.subscribe(many);
    await ScriptedSocket.last.accept('e1', { maxSymbolsPerMessage: 1000, maxMessageBytes: bytes });
    const messages = ScriptedSocket.last.take('subscribe');
    expect(messages.flatMap(({ symbols }) => symbols)).toEqual(many);
    expect(Math.max(...messages.map((message) => JSON.stringify(message).length))).toBeLessThan(bytes);
  });

  it('the server refuses are named; those it could not do now are repeated', async () => {
    await open();
    tickwire.subscribe(['NSE:NOPE']);
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('subscribe', () => ({
      type: 'error',
      code: 'RATE_LIMITED',
      message: 'slowly',
      retryable: true,
    }));
    await settled();
    clock.advance(1000);
    await settled();
    const rejected = [{ symbol: 'NSE:NOPE', code: 'INVALID_SYMBOL', message: 'No such' }];
    expect(ScriptedSocket.last.take('subscribe', () => ({ type: 'subscribed', symbols: [], rejected }))).toHaveLength(
      1,
    );
    await settled();
    clock.advance(10_000);
    await settled();
    expect(ScriptedSocket.last.take('subscribe')).toEqual([]);
    expect(errors).toEqual(['RATE_LIMITED', 'INVALID_SYMBOL']);
  });
});

it('asks again for what was too much for this minute', async () => {
  await open({ apiKey: 'key' });
  tickwire.subscribe(['NSE:A', 'NSE:B']);
  await ScriptedSocket.last.accept();
  expect(ScriptedSocket.last.take('authenticate', () => ({ type: 'authenticated' }))).toMatchObject([
    { apiKey: 'key' },
  ]);
  await settled();
  const rejected = [{ symbol: 'NSE:B', code: 'RATE_LIMITED', message: 'slowly' }];
  ScriptedSocket.last.take('subscribe', () => ({ type: 'subscribed', symbols: ['NSE:A'], rejected }));
  await settled();
  expect(ScriptedSocket.last.take('subscribe')).toEqual([]);
  clock.advance(10_000);
  await settled();
  expect(ScriptedSocket.last.take('subscribe')).toMatchObject([{ symbols: ['NSE:B'] }]);
});

describe('quotes', () => {
  const told: [string, number | undefined][] = [];
  const handler = ({ price }: { readonly price?: number }, { kind }: { readonly kind: string }): void =>
    void told.push([kind, price]);

  beforeEach(async () => {
    told.length = 0;
    await open();
    tickwire.subscribe(['NSE:A'], handler);
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('subscribe', subscribed);
    ScriptedSocket.last.tell(snapshot('NSE:A', 5, 100));
    await settled();
  });

  it('that follow a gap are left out until the server has filled it; what is replayed then counts once', async () => {
    const socket = ScriptedSocket.last;
    socket.tell(batch({ symbol: 'NSE:A', seq: 7, data: { price: 107 } }));
    socket.tell(batch({ symbol: 'NSE:A', seq: 8, data: { price: 108 } }));
    await settled();
    expect(socket.take('subscribe', subscribed)).toMatchObject([
      { symbols: ['NSE:A'], resume: { epoch: 'e1', sequences: { 'NSE:A': 5 } } },
    ]);
    const replay = [6, 7, 8, 8].map((seq) => ({ symbol: 'NSE:A', seq, data: { price: 100 + seq } }));
    socket.tell(batch(...replay));
    expect(told).toEqual([
      ['snapshot', 100],
      ['update', 106],
      ['update', 107],
      ['update', 108],
    ]);
    expect(tickwire.metrics()).toMatchObject({ gaps: 1, repairs: 1, repeated: 1, updates: 3 });
  });

  it('start over with the snapshots of an epoch that begins while connected, and are resumed in that one', async () => {
    ScriptedSocket.last.tell(snapshot('NSE:A', 1, 201, 'e2'));
    ScriptedSocket.last.tell(batch({ symbol: 'NSE:A', seq: 2, data: { price: 202 } }));
    expect(told).toEqual([
      ['snapshot', 100],
      ['snapshot', 201],
      ['update', 202],
    ]);
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    await ScriptedSocket.last.accept('e2');
    expect(ScriptedSocket.last.take('subscribe', subscribed)).toMatchObject([
      { resume: { epoch: 'e2', sequences: { 'NSE:A': 2 } } },
    ]);
    expect(tickwire.metrics()).toMatchObject({ gaps: 0, repeated: 0 });
  });

  it('are asked for whole when filling the gap did not help', async () => {
    const socket = ScriptedSocket.last;
    for (const seq of [7, 8]) {
      socket.tell(batch({ symbol: 'NSE:A', seq, data: { price: 100 + seq } }));
      await settled();
      const [repair] = socket.take('subscribe', subscribed);
      expect(repair?.['resume'] === undefined).toBe(seq === 8);
      await settled();
    }
    socket.tell(snapshot('NSE:A', 9, 109));
    expect(told.at(-1)).toEqual(['snapshot', 109]);
  });

  it('are resumed where they were after a reconnect, and not after the options have changed', async () => {
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    await ScriptedSocket.last.accept();
    expect(ScriptedSocket.last.take('subscribe', subscribed)).toMatchObject([
      { resume: { epoch: 'e1', sequences: { 'NSE:A': 5 } } },
    ]);
    ScriptedSocket.last.end();
    tickwire.unsubscribe();
    tickwire.subscribe(['NSE:A'], { fields: ['bid'] });
    clock.advance(2000);
    await settled();
    await ScriptedSocket.last.accept();
    const [asked] = ScriptedSocket.last.take('subscribe');
    expect(asked).toMatchObject({ fields: ['bid'] });
    expect(asked).not.toHaveProperty('resume');
  });

  it('of another life of the server start from a snapshot', async () => {
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    await ScriptedSocket.last.accept('e2');
    expect(ScriptedSocket.last.take('subscribe', subscribed)[0]).not.toHaveProperty('resume');
    ScriptedSocket.last.tell(batch({ symbol: 'NSE:A', seq: 6, data: { price: 1 } }));
    ScriptedSocket.last.tell(snapshot('NSE:A', 1, 50, 'e2'));
    expect(told).toEqual([
      ['snapshot', 100],
      ['snapshot', 50],
    ]);
  });

  it('reach who comes later at once, and who asked for fields only when one of them moves', async () => {
    const bids: unknown[] = [];
    const late: unknown[] = [];
    tickwire.subscribe(['NSE:A'], { fields: ['bid'] }, ({ bid }) => bids.push(bid));
    tickwire.subscribe(['NSE:A'], (quote) => late.push(quote.price));
    await settled();
    expect(late).toEqual([100]);
    ScriptedSocket.last.tell(batch({ symbol: 'NSE:A', seq: 6, data: { price: 101 } }));
    ScriptedSocket.last.tell(batch({ symbol: 'NSE:A', seq: 7, data: { bid: 99 } }));
    expect(late).toEqual([100, 101, 101]);
    expect(bids).toEqual([undefined, 99]);
  });

  it('have books beside them that follow nothing from before a reconnect', async () => {
    const books: unknown[] = [];
    tickwire.on('depth', ({ book }) => books.push(book));
    const [first, other] = [
      { bids: [{ price: 1 }], asks: [] },
      { bids: [{ price: 2 }], asks: [] },
    ];
    const at = { symbol: 'NSE:A', epoch: 'e1', timestamp: 0 };
    tickwire.subscribe(['NSE:A'], { mode: 'depth' });
    ScriptedSocket.last.tell({ type: 'depth_snapshot', ...at, seq: 1, data: first });
    ScriptedSocket.last.end();
    clock.advance(1000);
    await settled();
    await ScriptedSocket.last.accept();
    expect(ScriptedSocket.last.take('subscribe')).toMatchObject([{ mode: 'depth' }]);
    ScriptedSocket.last.tell({ type: 'depth_update', ...at, seq: 2, compression: 'none', data: other });
    expect([books, tickwire.book('NSE:A')]).toEqual([[first], first]);
  });

  it('that cannot be read are asked for again', async () => {
    ScriptedSocket.last.dispatch('message', { data: '{"type":"snapshot"}' });
    await settled();
    expect(errors).toEqual(['DECODE_FAILED']);
    expect(ScriptedSocket.last.take('subscribe')[0]).not.toHaveProperty('resume');
  });
});

describe('polling', () => {
  const answer = (price: number, stale = false): Awaited<ReturnType<Fetch>> => ({
    status: 200,
    headers: { get: () => 'tag' },
    json: () => Promise.resolve({ quotes: [{ symbol: 'NSE:A', price, stale, age: 5, layer: 'l1' }], errors: [] }),
  });

  it('begins after 10 failed attempts, asks with token and tag, and ends when the connection is back', async () => {
    const asked: [string, Record<string, string>][] = [];
    let price = 1;
    await open({
      token: 'secret',
      polling: { interval: 5000 },
      backoff: [100_000],
      fetch: (url, { headers }) => {
        asked.push([url, headers]);
        return Promise.resolve(answer(price++));
      },
    });
    tickwire.subscribe(['NSE:A']);
    for (let failed = 1; failed <= 10; failed++) {
      expect([failed, tickwire.source]).toEqual([failed, 'none']);
      ScriptedSocket.last.end();
      await settled();
      if (failed === 10) break;
      clock.advance(100_000);
      await settled();
    }
    expect([tickwire.source, tickwire.quote('NSE:A')]).toEqual([
      'polling',
      { symbol: 'NSE:A', price: 1, stale: false },
    ]);
    expect(asked).toEqual([
      [
        'http://server:3000/api/v1/quotes?symbols=NSE%3AA',
        { accept: 'application/json', authorization: 'Bearer secret' },
      ],
    ]);
    clock.advance(5000);
    await settled();
    expect(asked[1]?.[1]).toMatchObject({ 'if-none-match': 'tag' });
    clock.advance(95_000);
    await settled();
    await ScriptedSocket.last.accept();
    ScriptedSocket.last.take('authenticate', () => ({ type: 'authenticated' }));
    await settled();
    expect(tickwire.source).toBe('live');
    const polls = asked.length;
    clock.advance(20_000);
    expect(asked.length).toBe(polls);
    // a polled quote is at no position
    expect(ScriptedSocket.last.take('subscribe')[0]).not.toHaveProperty('resume');
  });
});
