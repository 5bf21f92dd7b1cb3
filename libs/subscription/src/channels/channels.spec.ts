import { beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore, ReplayBuffer } from '#cache';
import { Encodings } from '#compression';
import { Epoch, InstrumentMaster, silentMeter, type TickInput } from '#domain';
import { SubscribeMessage } from '#protocol';
import { aBook } from '../../../../test/support/books.js';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { type Received, RecordingWire } from '../../../../test/support/recording-wire.js';
import { aTick } from '../../../../test/support/ticks.js';
import type { Client } from '../client.js';
import { Hub } from '../hub.js';

const IDS = ['NSE:A1', 'NSE:B1', ...Array.from({ length: 250 }, (_, i) => `NSE:M${i}`)];
const START = 1_700_000_040_000;

let clock: ManualClock;
let store: LastValueStore;
let hub: Hub;

beforeEach(() => {
  clock = new ManualClock(START);
  store = new LastValueStore(new InstrumentMaster(IDS.map((id) => anInstrument({ id }))), new Epoch('e1'));
  const backpressure = { probeIntervalMs: 1000, slowAfterMs: 2000, slowDisconnectMs: 10_000, outboxMaxBytes: 10_000 };
  const options = { backpressure, maxSymbolsPerClient: 2, heartbeatIntervalMs: 25_000, idleTimeoutMs: 60_000 };
  const replay = new ReplayBuffer(clock, { keepMs: 300_000, maxBytes: 1_000_000 });
  hub = new Hub(store, replay, new Encodings(new Epoch('e1')), clock, options, silentMeter);
});

interface Follower {
  readonly client: Client;
  readonly wire: RecordingWire;
  /** Messages of channels since the last call. */
  take(): Received[];
}

function follow(options: Partial<SubscribeMessage>, id = 'c1'): Follower {
  const wire = new RecordingWire();
  const client = hub.connect(id, wire, 'websocket', 'json');
  subscribe(client, options);
  return { client, wire, take: () => wire.take().filter(({ type }) => /^(depth|candle|tick)_/.test(type)) };
}

function subscribe(client: Client, options: Partial<SubscribeMessage>): void {
  const message = Object.assign(new SubscribeMessage(), { symbols: ['NSE:A1'] }, options);
  hub.greet(client, hub.subscribe(client, message).accepted, undefined);
}

/** One window in which the given ticks arrive now. */
function publish(...ticks: Partial<TickInput>[]): void {
  for (const given of ticks) {
    const tick = aTick({ receivedAt: clock.now(), eventTime: clock.now(), ...given });
    store.apply(tick);
    hub.channels.followed.get(tick.instrument)?.accepted(tick, tick.volume);
  }
  hub.publish(store.advance(IDS.map((id) => store.peek(id)!)));
  hub.channels.publish();
}

const depth = (bid: number): Partial<TickInput> => ({ book: aBook([[bid, 5]], [[bid + 1, 7]]) });

describe('a book', () => {
  it('comes whole first, then by its changes, and not at all when nothing changes', () => {
    const { take } = follow({ mode: 'depth', compression: 'delta' });
    expect(take()).toEqual([]);
    publish(depth(100));
    publish(depth(100));
    publish(depth(99), { book: aBook([[100, 5]], [[101, 9]]) });
    expect(take()).toEqual([
      {
        type: 'depth_snapshot',
        symbol: 'NSE:A1',
        epoch: 'e1',
        seq: 1,
        data: { bids: [{ price: 100, size: 5 }], asks: [{ price: 101, size: 7 }] },
        timestamp: START,
      },
      {
        type: 'depth_update',
        symbol: 'NSE:A1',
        seq: 2,
        data: { asks: [{ index: 0, price: 101, size: 9 }] },
        compression: 'delta',
        timestamp: START,
      },
    ]);
  });

  it('is that of the best prices where the vendor sends no levels, and of the vendor in use', () => {
    const { take } = follow({ mode: 'depth' });
    publish({ bid: 100, bidSize: 3, ask: 101 });
    expect(take()).toMatchObject([{ seq: 1, data: { bids: [{ price: 100, size: 3 }], asks: [{ price: 101 }] } }]);
    publish(depth(90));
    expect(take()).toMatchObject([{ seq: 2, data: { bids: [{ price: 90 }] } }]);
    publish({ vendor: 'other', bid: 95, ask: NaN });
    expect(take()).toMatchObject([{ seq: 3, data: { bids: [{ price: 95 }], asks: [] } }]);
  });

  it('goes on counting when all have left and somebody comes back', () => {
    const { client, take } = follow({ mode: 'depth' });
    publish(depth(100));
    hub.unsubscribe(client, undefined);
    expect(hub.channels.followed.size).toBe(0);
    publish(depth(101));
    take();
    subscribe(client, { mode: 'depth' });
    publish(depth(102));
    expect(take()).toMatchObject([
      { type: 'depth_snapshot', seq: 2, data: { bids: [{ price: 101 }] } },
      { type: 'depth_update', seq: 3, data: { bids: [{ price: 102 }] } },
    ]);
  });

  it('is encoded once for all who read it in one form', () => {
    const followers = ['a', 'b', 'c'].map((id) => follow({ mode: 'depth' }, id));
    publish(depth(100));
    const { encoded } = hub.counts;
    publish(depth(101));
    expect(hub.counts.encoded - encoded).toBe(1);
    for (const { take } of followers) expect(take()).toHaveLength(2);
  });

  it('is at the same position for one who joins between two windows', () => {
    const first = follow({ mode: 'depth', compression: 'delta' }, 'a');
    publish(depth(100));
    const tick = aTick(depth(101));
    store.apply(tick);
    hub.channels.followed.get('NSE:A1')!.accepted(tick, undefined);
    const second = follow({ mode: 'depth', compression: 'delta' }, 'b');
    expect(second.take()).toMatchObject([{ type: 'depth_snapshot', seq: 2, data: { bids: [{ price: 101 }] } }]);
    publish(depth(102));
    expect(first.take().map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(second.take()).toMatchObject([{ type: 'depth_update', seq: 3 }]);
  });
});

describe('a late client', () => {
  it('gets one snapshot of each channel when it has caught up', () => {
    const { client, take, wire } = follow({ mode: 'depth', candles: ['1m'] });
    publish({ price: 100, volume: 1, ...depth(100) });
    clock.advance(1100);
    publish({ price: 100, volume: 5, ...depth(101) });
    clock.advance(2500);
    wire.take();
    for (const bid of [102, 103, 104]) publish({ price: bid, volume: 10 + bid, ...depth(bid) });
    expect(wire.types()).toEqual(['slow']);
    client.probeAnswered(clock.now());
    expect(take()).toEqual([]);
    clock.advance(1000);
    expect(take()).toMatchObject([
      { type: 'depth_snapshot', seq: 5, data: { bids: [{ price: 104 }] } },
      { type: 'candle_snapshot', interval: '1m', data: [{ open: 100, close: 104, volume: 113 }] },
    ]);
    publish(depth(105));
    expect(take()).toMatchObject([{ type: 'depth_update', seq: 6 }]);
  });

  it('leaves nothing behind when it ends', () => {
    const { client } = follow({ mode: 'depth', candles: ['1s'] });
    publish(depth(100));
    hub.disconnect(client);
    clock.advance(5000);
    expect([hub.channels.followed.size, clock.pending]).toEqual([0, 0]);
  });
});

describe('candles', () => {
  it('come with each window, and once more when they are final', () => {
    const { client, take } = follow({ candles: ['1s'] });
    publish({ price: 100, volume: 10 });
    clock.advance(100);
    publish({ price: 101, volume: 12 }, { price: 99, volume: 15 });
    client.probeAnswered(clock.now());
    clock.advance(2800);
    const time = new Date(START).toISOString();
    const candle = { time, open: 101, high: 101, low: 99, close: 99, volume: 5, corrected: false };
    expect(take()).toMatchObject([
      { type: 'candle_snapshot', seq: 0, data: [] },
      { type: 'candle_update', symbol: 'NSE:A1', interval: '1s', seq: 1, data: { ...candle, final: false } },
    ]);
    clock.advance(100);
    expect(take()).toMatchObject([{ type: 'candle_update', seq: 2, data: { ...candle, final: true } }]);
  });

  it('stay when their only follower subscribes again, and end when it wants no more', () => {
    const { client, take } = follow({ candles: ['1s'] });
    publish({ price: 100, volume: 10 });
    publish({ price: 101, volume: 12 });
    take();
    subscribe(client, { candles: ['1s'], mode: 'ltp' });
    expect(take()).toMatchObject([{ type: 'candle_snapshot', seq: 1, data: [{ volume: 2 }] }]);
    subscribe(client, {});
    expect(hub.channels.followed.size).toBe(0);
  });

  it('are built for a reader for five minutes', () => {
    const state = store.peek('NSE:A1')!;
    expect(hub.channels.read(state, '1s', 10)).toEqual([]);
    publish({ price: 100, volume: 10 }, { price: 101, volume: 12 });
    expect(hub.channels.read(state, '1s', 10)).toMatchObject([{ volume: 2 }]);
    clock.advance(5 * 60_000);
    expect([hub.channels.followed.size, clock.pending]).toEqual([0, 0]);
    expect(hub.channels.read(state, '1s', 10)).toEqual([]);
  });

  it('are built for 200 instruments that are only read, and given up for the longest unread', () => {
    const { take } = follow({ candles: ['1s'], symbols: ['NSE:M0'] });
    for (const id of IDS.slice(2)) hub.channels.read(store.peek(id)!, '1s', 1);
    const followed = [...hub.channels.followed.keys()];
    expect(followed).toHaveLength(201);
    expect(followed.toSorted()).toEqual(['NSE:M0', ...IDS.slice(-200)].toSorted());
    expect(take()).toMatchObject([{ type: 'candle_snapshot' }]);
  });

  it('are limited to the frequency asked for, by snapshots', () => {
    const { take } = follow({ candles: ['1m'], maxFrequency: 0.5 });
    publish({ price: 100, volume: 10 });
    for (let i = 1; i <= 40; i++) {
      clock.advance(100);
      publish({ price: 100 + i, volume: 10 + i });
    }
    const got = take();
    expect(got.length).toBeLessThanOrEqual(4);
    expect(got.at(-1)).toMatchObject({ type: 'candle_snapshot' });
  });
});

describe('single ticks', () => {
  it('come one by one, none merged, with a sequence of their own and only what each said', () => {
    const { take } = follow({ unconflated: true });
    publish({ price: 100, lastSize: 5 }, { price: 100 }, { bid: NaN, ask: 101 });
    const told = { type: 'tick_update', symbol: 'NSE:A1', epoch: 'e1', timestamp: START };
    const time = new Date(START).toISOString();
    expect(take()).toEqual([
      { ...told, seq: 1, data: { source: 'v', price: 100, lastSize: 5, time } },
      { ...told, seq: 2, data: { source: 'v', price: 100, time } },
      { ...told, seq: 3, data: { source: 'v', bid: null, ask: 101, time } },
    ]);
  });

  it('are missed while a client is late, which the sequence shows', () => {
    const { wire, client, take } = follow({ unconflated: true });
    publish({ price: 100 });
    wire.buffered = 20_000;
    publish({ price: 101 });
    publish({ price: 102 });
    wire.buffered = 0;
    client.probeAnswered(clock.now());
    publish({ price: 103 });
    publish({ price: 104 });
    const sequences = take().map(({ seq }) => seq);
    expect(sequences[0]).toBe(1);
    expect(sequences).not.toContain(2);
    expect(sequences.at(-1)).toBe(5);
  });

  it('cost nothing once nobody wants them', () => {
    const { client } = follow({ unconflated: true });
    subscribe(client, { unconflated: false });
    expect(hub.channels.followed.size).toBe(0);
  });

  it('contradict a limited frequency', () => {
    expect(() => follow({ unconflated: true, maxFrequency: 5 })).toThrow(/contradict/);
  });
});
