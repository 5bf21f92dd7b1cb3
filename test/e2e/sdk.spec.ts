import { SignJWT } from 'jose';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { afterEach, expect, it } from 'vitest';
import { type Change, connect, type ConnectOptions, type Quote, type Tickwire } from '#sdk';
import { SIZE_BUDGET_BYTES, sizeOf } from '../../libs/sdk/bundle.mjs';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const SYMBOLS = ['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY', 'NSE:SBIN', 'BSE:500325', 'NSE:ITC'];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function product(env: Record<string, string> = {}, ticksPerSecond = '50'): Promise<Product> {
  const made = await aProduct({ CONFLATION_MS: '10', ...env }, { SANDBOX_TICKS_PER_SECOND: ticksPerSecond });
  cleanups.push(() => made.stop());
  return made;
}

function client(options: ConnectOptions): Tickwire {
  const made = connect({ WebSocket, backoff: [30], ...options });
  cleanups.push(() => made.close());
  return made;
}

/** What a user of handlers believes: applies `change.values` to nothing but what handlers told before. */
class Believer {
  readonly quotes = new Map<string, Record<string, unknown>>();
  readonly changes: (Change & { readonly symbol: string })[] = [];

  readonly handle = (quote: Quote, change: Change): void => {
    const believed: Record<string, unknown> = { ...this.quotes.get(quote.symbol), symbol: quote.symbol };
    for (const [field, value] of Object.entries(change.values)) {
      if (value === null) delete believed[field];
      else believed[field] = value;
    }
    this.quotes.set(quote.symbol, believed);
    this.changes.push({ ...change, symbol: quote.symbol });
  };
}

const DOORS: readonly (readonly [string, Partial<ConnectOptions>])[] = [
  ['json', { format: 'json' }],
  ['json, whole quotes', { format: 'json', compression: 'none' }],
  ['msgpack', { format: 'msgpack' }],
  ['compact', { format: 'compact' }],
  ['Socket.IO json', { io }],
  ['Socket.IO msgpack', { io, format: 'msgpack' }],
];

it('ends with exactly the quotes the server has, in every format and through both doors', async () => {
  const running = await product();
  const clients = DOORS.map(([name, options]) => {
    const believer = new Believer();
    const tickwire = client({ url: running.url, ...options });
    tickwire.subscribe(SYMBOLS, believer.handle);
    return { name, tickwire, believer };
  });
  await until('many updates', () => clients.every(({ tickwire }) => tickwire.metrics().updates > 150));
  running.sandbox.market.stop();
  const differing = (): string[] =>
    clients.flatMap(({ name, tickwire }) =>
      SYMBOLS.some((symbol) => !same(tickwire.quote(symbol), running.quote(symbol))) ? [name] : [],
    );
  await until('agreement', () => differing().length === 0).catch(() => expect(differing()).toEqual([]));
  for (const { name, tickwire, believer } of clients) {
    for (const symbol of SYMBOLS) {
      expect([name, tickwire.quote(symbol)]).toEqual([name, running.quote(symbol)]);
      expect([name, believer.quotes.get(symbol)]).toEqual([name, running.quote(symbol)]);
    }
    const { gaps, repeated, errors, latency } = tickwire.metrics();
    expect([name, gaps, repeated, errors]).toEqual([name, 0, 0, 0]);
    expect([name, latency.roundTrip, latency.p50]).toEqual([name, expect.any(Number), expect.any(Number)]);
  }
});

it.each(['json', 'msgpack', 'compact'] as const)(
  'neither loses nor doubles a change when connections break at random: %s',
  async (format) => {
    const running = await product();
    const proxy = await ChaosProxy.start(Number(new URL(running.url).port));
    cleanups.push(() => proxy.close());
    const believer = new Believer();
    const tickwire = client({ url: `http://127.0.0.1:${proxy.port}`, format });
    tickwire.subscribe(SYMBOLS, believer.handle);
    for (let cut = 0; cut < 5; cut++) {
      const seen = believer.changes.length;
      await until('changes between two cuts', () => tickwire.state === 'OPEN' && believer.changes.length > seen + 20);
      for (const connection of proxy.connections) connection.kill();
      await until('another connection', () => tickwire.metrics().connections === cut + 2);
    }
    running.sandbox.market.stop();
    await until('agreement', () => SYMBOLS.every((symbol) => same(tickwire.quote(symbol), running.quote(symbol))));
    for (const symbol of SYMBOLS) {
      expect(believer.quotes.get(symbol)).toEqual(running.quote(symbol));
      const changes = believer.changes.filter((change) => change.symbol === symbol);
      changes.slice(1).forEach(({ kind, sequence }, i) => {
        const before = changes[i]?.sequence as number;
        if (kind === 'update') expect(sequence).toBe(before + 1);
        else expect(sequence).toBeGreaterThan(before);
      });
      // all that was missed is replayed, so there is no need for a second snapshot; the compact form has no replay
      const snapshots = changes.filter(({ kind }) => kind === 'snapshot').length;
      if (format !== 'compact') expect([symbol, snapshots]).toEqual([symbol, 1]);
    }
    expect(tickwire.metrics()).toMatchObject({ gaps: 0, repeated: 0, connections: 6 });
  },
);

it('polls over REST while the socket cannot be had, and is live again when the server is back', async () => {
  const first = await product({ DRAIN_SPREAD_MS: '0' });
  const { port } = new URL(first.url);
  const tickwire = client({ url: first.url, backoff: [20], polling: { after: 3, interval: 50 } });
  const sources: string[] = [];
  tickwire.on('connection', ({ source }) => {
    if (source !== sources.at(-1)) sources.push(source);
  });
  const believer = new Believer();
  tickwire.subscribe(SYMBOLS, believer.handle);
  await until('live quotes', () => SYMBOLS.every((symbol) => tickwire.quote(symbol) !== undefined));
  await first.stop();
  await until('polling', () => tickwire.source === 'polling' && tickwire.metrics().errors > 0);
  // while it is down a symbol comes and one goes: what counts is what is wished when it is back
  const late = tickwire.subscribe(['NSE:HDFCBANK'], believer.handle);
  tickwire.unsubscribe(['NSE:ITC']);
  const second = await product({ PORT: port });
  await until('live again', () => tickwire.source === 'live');
  await until('the late symbol', () => tickwire.quote('NSE:HDFCBANK') !== undefined);
  expect([...second.hub.clients.values()].flatMap((one) => [...one.subscriptions.keys()]).toSorted()).toEqual(
    [...SYMBOLS.filter((symbol) => symbol !== 'NSE:ITC'), 'NSE:HDFCBANK'].toSorted(),
  );
  expect(sources).toEqual(['live', 'none', 'polling', 'live']);
  late.unsubscribe();
  second.sandbox.market.stop();
  const rest = SYMBOLS.filter((symbol) => symbol !== 'NSE:ITC');
  await until('agreement', () => rest.every((symbol) => same(tickwire.quote(symbol), second.quote(symbol))));
  // a poller that goes on would keep the server from ending its connections
  await tickwire.close();
});

it('moves prices by polls where the server has no socket for it', async () => {
  const running = await product({ MAX_CONNECTIONS: '1' });
  const holder = client({ url: running.url });
  await until('the only place is taken', () => holder.state === 'OPEN');
  const believer = new Believer();
  const tickwire = client({ url: running.url, backoff: [20], polling: { after: 3, interval: 30 } });
  tickwire.subscribe(['NSE:TCS', 'BSE:500325'], believer.handle);
  holder.subscribe(['NSE:TCS', 'BSE:500325']);
  const polled = (): number =>
    new Set(believer.changes.filter(({ kind }) => kind === 'poll').map(({ values }) => values.price)).size;
  await until('different prices by polls', () => polled() > 3);
  expect(tickwire.source).toBe('polling');
  await holder.close();
  await until('live', () => tickwire.source === 'live');
  await until('updates', () => tickwire.metrics().updates > 5);
});

it('follows order books and candles beside quotes', async () => {
  const running = await product();
  const tickwire = client({ url: running.url, format: 'msgpack' });
  const seen = { depth: 0, candles: 0 };
  tickwire.on('depth', () => seen.depth++);
  tickwire.on('candles', () => seen.candles++);
  const watch = tickwire.subscribe(['NSE:TCS'], { mode: 'depth', candles: ['1s'] });
  await until('books and candles', () => seen.depth > 5 && seen.candles > 5);
  expect(tickwire.book('NSE:TCS')).toMatchObject({
    bids: expect.arrayContaining([{ price: expect.any(Number), size: expect.any(Number), orders: expect.any(Number) }]),
  });
  expect(tickwire.candles('NSE:TCS', '1s').at(-1)).toMatchObject({ close: expect.any(Number) });
  expect(tickwire.metrics()).toMatchObject({ gaps: 0, repeated: 0, errors: 0 });
  watch.unsubscribe();
  await until('that they are forgotten', () => tickwire.book('NSE:TCS') === undefined);
});

it('shows its token at both doors and renews it before it ends, on the same connection', async () => {
  const secret = 'a secret that is long enough for HS256';
  const running = await product({ AUTH: 'required', JWT_SECRET: secret, JWT_CLOCK_TOLERANCE_MS: '0' });
  const sign = async (): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('someone')
      .setExpirationTime(Math.ceil(Date.now() / 1000) + 4)
      .sign(new TextEncoder().encode(secret));
  const started = Date.now();
  const clients = [{}, { io }].map((options) => {
    const asked = { times: 0 };
    const token = (): Promise<string> => (asked.times++, sign());
    const tickwire = client({ url: running.url, token, ...options });
    tickwire.subscribe(['NSE:TCS']);
    return { tickwire, asked };
  });
  const refused = client({ url: running.url, token: 'no token' });
  await until('a second token', () => clients.every(({ asked }) => asked.times >= 2));
  await until('the end of the first token', () => Date.now() > started + 5500);
  const updates = clients.map(({ tickwire }) => tickwire.metrics().updates);
  await until('updates', () => clients.every(({ tickwire }, i) => tickwire.metrics().updates > (updates[i] ?? 0)));
  for (const { tickwire } of clients) expect(tickwire.metrics()).toMatchObject({ connections: 1, errors: 0 });
  expect([refused.state, refused.metrics().connections]).toEqual(['CLOSED', 0]);
});

it('is small enough for any page', async () => {
  const { minified, gzipped } = await sizeOf();
  process.stdout.write(`SDK: ${minified} bytes minified, ${gzipped} gzipped of ${SIZE_BUDGET_BYTES}\n`);
  expect(gzipped).toBeLessThanOrEqual(SIZE_BUDGET_BYTES);
});

function same(a: Quote | undefined, b: object | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).toSorted(([x], [y]) => x.localeCompare(y)));
  return sorted(a) === sorted(b);
}
