import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Clock, type Instrument, systemClock, tick } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until, vendorTools } from '../../../../test/support/vendor-tools.js';
import { WsFeed, type WsFeedOptions } from './ws-feed.js';

let server: WebSocketServer;
let opened: number;
let messages: string[];
let feeds: WsFeed[];
let received: number;

beforeEach(async () => {
  opened = 0;
  messages = [];
  feeds = [];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    opened++;
    socket.on('message', (data: Buffer) => messages.push(data.toString()));
  });
  await once(server, 'listening');
});

afterEach(async () => {
  for (const feed of feeds) await feed.stop();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const names = (count: number): Instrument[] =>
  Array.from({ length: count }, (_, i) => anInstrument({ id: `NSE:X${i}` }));
const url = (): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

function aFeed(given: Partial<WsFeedOptions> = {}, clock: Clock = systemClock): WsFeed {
  const feed = new WsFeed(
    {
      id: 'x',
      vendor: 'x',
      url,
      limits: { sockets: 3, symbolsPerSocket: 2 },
      carries: () => true,
      subscribe: (instruments) => [`+${instruments.map(({ ticker }) => ticker).join(',')}`],
      unsubscribe: (instruments) => [`-${instruments.map(({ ticker }) => ticker).join(',')}`],
      parse: (data, _isBinary, receivedAt) =>
        data.toString() === 'tick' ? [tick({ instrument: 'NSE:X0', vendor: 'x', receivedAt, price: 1 })] : [],
      deadAfterMs: 5000,
      handshakeMs: 5000,
      maxFrameBytes: 10_000,
      backoff: { baseMs: 1, maxMs: 1 },
      lingerMs: 20,
      ...given,
    },
    vendorTools({ clock }),
  );
  feeds.push(feed);
  received = 0;
  feed.start({ tick: () => void received++, malformed: () => undefined, status: () => undefined });
  return feed;
}

it('opens one socket however often it is told what is wanted while the URL is being asked for', async () => {
  const feed = aFeed({ url: () => new Promise((resolve) => setTimeout(() => resolve(url()), 30)) });
  const [first, second] = names(2) as [Instrument, Instrument];
  for (let i = 0; i < 10; i++) feed.want(i % 2 === 0 ? [first] : [first, second]);
  await until('the subscription', () => messages.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect([opened, messages]).toEqual([1, [`+${first.ticker},${second.ticker}`]]);
});

it('opens as many sockets as its instruments need, and closes what is not needed any more', async () => {
  const feed = aFeed();
  feed.want(names(5));
  await until('three subscriptions', () => messages.length === 3);
  expect(server.clients.size).toBe(3);
  feed.want(names(2));
  await until('one socket left', () => server.clients.size === 1);
});

it('stays closed once stopped, whatever is wanted afterwards', async () => {
  const feed = aFeed();
  feed.want(names(1));
  await until('a socket', () => opened === 1);
  await feed.stop();
  feed.want(names(2));
  await until('no socket left', () => server.clients.size === 0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(opened).toBe(1);
});

it('gives up what it was told of a URL that cannot be used, and tries again', async () => {
  let asked = 0;
  const feed = aFeed({ url: () => (++asked < 3 ? 'no url' : url()) });
  feed.want(names(1));
  await until('the subscription', () => messages.length === 1);
  expect(asked).toBe(3);
});

it('subscribes only when it has what it needs for that, and tries again when that fails', async () => {
  const asked: number[] = [];
  let unserved = 0;
  const [first, second] = names(2) as [Instrument, Instrument];
  const feed: WsFeed = aFeed({
    prepare: async (instruments) => {
      asked.push(instruments.length);
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (asked.length === 1) throw new Error('no token');
      // meanwhile somebody else had better serve them
      unserved = feed.unserved().size;
      return [second.id];
    },
  });
  feed.want([first, second]);
  await until('the subscription', () => messages.length === 1);
  expect([messages, asked, unserved]).toEqual([[`+${first.ticker}`], [2, 2], 2]);
  expect([...feed.unserved()]).toEqual([second.id]);
  expect(feed.streamingSince(second.id)).toBeUndefined();
});

it('names what the vendor refuses, also what it passes over in silence, and goes on with the rest', async () => {
  const feed = aFeed({
    firstTickMs: 1000,
    parse: (data, _isBinary, receivedAt) => {
      const text = data.toString();
      return text.startsWith('NSE:') ? [tick({ instrument: text, vendor: 'x', receivedAt, price: 1 })] : [];
    },
    signal: (data) =>
      data.toString() === 'no' ? { kind: 'refused', instruments: ['NSE:X1'], reason: 'not yours' } : undefined,
    limits: { sockets: 1, symbolsPerSocket: 10 },
  });
  feed.want(names(4));
  await until('the subscription', () => messages.length === 1);
  const [socket] = [...server.clients];
  for (const said of ['NSE:X0', 'no', 'NSE:X3']) socket?.send(said);
  await until('a refusal', () => feed.unserved().has('NSE:X1'));
  // X2 has said nothing: found at the next look at the connection's traffic
  await until('the silent one', () => feed.unserved().has('NSE:X2'));
  expect([...feed.unserved()].toSorted()).toEqual(['NSE:X1', 'NSE:X2']);
  await until('its end with the vendor', () => messages.at(-1) === '-X2');
  expect(feed.streamingSince('NSE:X3')).toBeDefined();
  feed.want(names(4));
  expect(messages).toHaveLength(2);
});

it('asks again for what was passed over in silence, ever more rarely until it is heard', async () => {
  const clock = new ManualClock();
  const feed = aFeed({ firstTickMs: 1000, deadAfterMs: 1e9, limits: { sockets: 1, symbolsPerSocket: 10 } }, clock);
  const said = async (...all: string[]): Promise<void> =>
    await until(`${all.length} messages`, () => messages.join(' ') === all.join(' '));
  feed.want(names(1));
  await said('+X0');
  // traffic is looked at every two seconds
  clock.advance(2000);
  await said('+X0', '-X0');
  clock.advance(10_000);
  feed.want(names(1));
  await said('+X0', '-X0', '+X0');
  clock.advance(2000);
  await said('+X0', '-X0', '+X0', '-X0');
  clock.advance(10_000);
  feed.want(names(1));
  expect([...feed.unserved()]).toEqual(['NSE:X0']);
  expect(messages).toHaveLength(4);
  clock.advance(10_000);
  feed.want(names(1));
  await said('+X0', '-X0', '+X0', '-X0', '+X0');
  [...server.clients][0]?.send('tick');
  await until('a tick', () => received === 1);
  expect(feed.unserved().size).toBe(0);
});

it('hands what a failing socket carried to those with room, and keeps the rest there', async () => {
  const feed = aFeed({ limits: { sockets: 2, symbolsPerSocket: 3 }, backoff: { baseMs: 60_000, maxMs: 60_000 } });
  feed.want(names(5));
  await until('both subscriptions', () => messages.length === 2);
  for (const socket of server.clients) socket.send('hello');
  await until('both live', () => feed.status().connections?.every(({ state }) => state === 'live') === true);
  [...server.clients][0]?.terminate();
  await until('the move', () => feed.unserved().size === 2);
  expect(feed.status()).toMatchObject({ state: 'live', unserved: 2, instruments: 5 });
  await until('its subscription', () => /^\+X\d$/.test(messages.at(-1) ?? ''));
});

it('names what it has no price of, though the vendor answers, and calls nothing streamed before its price', async () => {
  const clock = new ManualClock();
  const feed = aFeed(
    {
      limits: { sockets: 1, symbolsPerSocket: 10 },
      deadAfterMs: 600_000,
      parse: (data, _isBinary, receivedAt) => {
        const text = data.toString();
        return text.startsWith('NSE:') ? [tick({ instrument: text, vendor: 'x', receivedAt, price: 1 })] : [];
      },
    },
    clock,
  );
  feed.want(names(2));
  await until('the subscription', () => messages.length === 1);
  const say = async (text: string): Promise<void> => {
    const before = received;
    for (const socket of server.clients) socket.send(text);
    await until(text, () => received > before);
  };
  await say('NSE:X0');
  expect([feed.streamingSince('NSE:X0'), feed.streamingSince('NSE:X1')]).toEqual([expect.any(Number), undefined]);
  clock.advance(14_000);
  expect(feed.unserved().size).toBe(0);
  clock.advance(4000);
  expect([...feed.unserved()]).toEqual(['NSE:X1']);
  await say('NSE:X1');
  expect(feed.unserved().size).toBe(0);
  expect(messages).toHaveLength(1);
});

it('keeps a pause the vendor has asked for, when demand goes and comes back', async () => {
  const clock = new ManualClock();
  const feed = aFeed(
    {
      signal: (data) =>
        data.toString() === 'full' ? { kind: 'cooldown', ms: 60_000, reason: 'too many connections' } : undefined,
    },
    clock,
  );
  feed.want(names(1));
  await until('the subscription', () => messages.length === 1);
  for (const socket of server.clients) socket.send('full');
  await until('the end', () => feed.status().state === 'down');
  for (let i = 0; i < 5; i++) {
    feed.want([]);
    clock.advance(5000);
    feed.want(names(1));
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(opened).toBe(1);
  clock.advance(40_000);
  await until('the next attempt', () => opened === 2);
});
