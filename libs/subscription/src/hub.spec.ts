import { beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore, ReplayBuffer } from '#cache';
import { Encodings } from '#compression';
import { Epoch, InstrumentMaster, silentMeter, type Tick, tick } from '#domain';
import { SubscribeMessage } from '#protocol';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { RecordingWire } from '../../../test/support/recording-wire.js';
import type { Client } from './client.js';
import { Hub } from './hub.js';

const IDS = ['NSE:A1', 'NSE:B1', 'NSE:C1'];
const POLICY = { probeIntervalMs: 1000, slowAfterMs: 2000, slowDisconnectMs: 10_000, outboxMaxBytes: 10_000 };

let clock: ManualClock;
let store: LastValueStore;
let hub: Hub;
let replay: ReplayBuffer;

beforeEach(() => {
  clock = new ManualClock();
  store = new LastValueStore(new InstrumentMaster(IDS.map((id) => anInstrument({ id }))), new Epoch('e1'));
  const options = { backpressure: POLICY, maxSymbolsPerClient: 2, heartbeatIntervalMs: 25_000, idleTimeoutMs: 60_000 };
  replay = new ReplayBuffer(clock, { keepMs: 300_000, maxBytes: 1_000_000 });
  hub = new Hub(store, replay, new Encodings(new Epoch('e1')), clock, options, silentMeter);
});

function connect(id = 'c1'): { client: Client; wire: RecordingWire } {
  const wire = new RecordingWire();
  return { client: hub.connect(id, wire, 'websocket', 'json'), wire };
}

function subscribe(client: Client, symbols: string[], options: Partial<SubscribeMessage> = {}): string[] {
  const message = Object.assign(new SubscribeMessage(), { symbols }, options);
  const { accepted, rejected } = hub.subscribe(client, message);
  hub.greet(client, accepted, message.resume);
  return rejected.map(({ code }) => code);
}

/** One window in which the given ticks arrive. */
function publish(...ticks: Partial<Tick>[]): void {
  const moved = ticks.map((given) => {
    const state = store.peek(given.instrument ?? 'NSE:A1')!;
    state.apply(tick({ instrument: 'NSE:A1', vendor: 'v', receivedAt: clock.now(), ...given }));
    return state;
  });
  const deltas = store.advance(new Set(moved));
  hub.publish(deltas);
  for (const delta of deltas) replay.add(delta);
}

describe('subscribing', () => {
  it('sends the present quote first and each change after it, in sequence', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    publish({ price: 101 });
    publish({ price: 102 });
    expect(wire.take()).toMatchObject([
      { type: 'snapshot', symbol: 'NSE:A1', epoch: 'e1', seq: 1, data: { price: 100 } },
      { type: 'price_update', seq: 2, data: { price: 101 }, compression: 'none' },
      { type: 'price_update', seq: 3, data: { price: 102 } },
    ]);
  });

  it('sends a snapshot with the first value of an instrument that had none', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], { compression: 'delta' });
    expect(wire.take()).toEqual([]);
    publish({ price: 100 });
    publish({ bid: 99 });
    expect(wire.take()).toMatchObject([
      { type: 'snapshot', seq: 1, data: { price: 100 } },
      { type: 'price_update', seq: 2, data: { bid: 99 } },
    ]);
  });

  it('tells whoever joins how fresh a quote is that is not live, also where there is none', () => {
    const stands: Record<string, 'stale' | 'halted'> = { 'NSE:A1': 'halted', 'NSE:C1': 'stale' };
    hub.believe({ of: (id) => stands[id] ?? 'live', ageOf: () => 5 });
    publish({ price: 100 }, { instrument: 'NSE:B1', price: 200 });
    const [one, other] = [connect(), connect('c2')];
    subscribe(one.client, ['NSE:A1', 'NSE:C1']);
    subscribe(other.client, ['NSE:B1', 'NSE:C1'], { mode: 'ltp' });
    expect(one.wire.take()).toMatchObject([
      { type: 'snapshot', symbol: 'NSE:A1' },
      { type: 'status', symbol: 'NSE:A1', state: 'halted', age: 5, source: 'v' },
      { type: 'status', symbol: 'NSE:C1', state: 'stale', age: 5 },
    ]);
    expect(other.wire.take()).toMatchObject([
      { type: 'snapshot', symbol: 'NSE:B1' },
      { type: 'status', symbol: 'NSE:C1', state: 'stale' },
    ]);
  });

  it('names unknown symbols and those over the limit, and subscribes the rest', () => {
    const { client } = connect();
    expect(subscribe(client, ['NSE:A1', 'NSE:NOPE', 'NSE:B1', 'NSE:C1'])).toEqual([
      'INVALID_SYMBOL',
      'SUBSCRIPTION_LIMIT_EXCEEDED',
    ]);
    expect([...client.subscriptions.keys()]).toEqual(['NSE:A1', 'NSE:B1']);
  });

  it('refuses an instrument that no vendor has', () => {
    hub.offerOnly(({ id }) => id !== 'NSE:B1');
    const { client } = connect();
    expect(subscribe(client, ['NSE:A1', 'NSE:B1'])).toEqual(['SUBSCRIPTION_FAILED']);
  });

  it('may be repeated, with other options, without a second copy of each update', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    subscribe(client, ['NSE:A1'], { compression: 'delta' });
    wire.take();
    publish({ price: 101 });
    expect(wire.take()).toMatchObject([{ type: 'price_update', compression: 'delta' }]);
    expect(hub.subscriptions.count('NSE:A1')).toBe(1);
  });

  it('needs no snapshot for a client that returns to where it was', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], { resume: { epoch: 'e1', sequences: { 'NSE:A1': 1 } } });
    expect(wire.take()).toEqual([]);
    subscribe(client, ['NSE:A1'], { resume: { epoch: 'old', sequences: { 'NSE:A1': 1 } } });
    expect(wire.types()).toEqual(['snapshot']);
  });

  it('sends a snapshot to a client whose epoch has begun here only after it was greeted with another', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    hub.restart('e2');
    publish({ price: 101 });
    wire.take();
    subscribe(client, ['NSE:A1'], { resume: { epoch: 'e2', sequences: { 'NSE:A1': 1 } } });
    expect(wire.take()).toMatchObject([{ type: 'snapshot', seq: 1, data: { price: 101 } }]);
  });

  it('gives a client that returns each change it has missed, in order, and whatever comes after', () => {
    for (const price of [100, 101, 102, 103]) publish({ price });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], { compression: 'delta', resume: { epoch: 'e1', sequences: { 'NSE:A1': 2 } } });
    publish({ price: 104 });
    expect(wire.take()).toMatchObject([
      { type: 'price_update', seq: 3, data: { price: 102 } },
      { type: 'price_update', seq: 4, data: { price: 103 } },
      { type: 'price_update', seq: 5, data: { price: 104 } },
    ]);
    expect(hub.counts.replayed).toBe(2);
  });

  it('replays in one batch to a client that wants batches, and only the fields it wants', () => {
    publish({ price: 100 });
    publish({ volume: 5 });
    publish({ price: 101 });
    const resume = { epoch: 'e1', sequences: { 'NSE:A1': 1 } };
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], { compression: 'delta', batch: true, fields: ['price'], resume });
    expect(wire.take()).toMatchObject([
      { type: 'batch_update', updates: [{ symbol: 'NSE:A1', seq: 3, prev: 1, data: { price: 101 } }] },
    ]);
  });

  it.each([
    ['a sequence we have not reached', { resume: { epoch: 'e1', sequences: { 'NSE:A1': 9 } } }],
    ['nonsense', { resume: { epoch: 'e1', sequences: { 'NSE:A1': 'x' } } }],
    ['a limited frequency', { maxFrequency: 1, resume: { epoch: 'e1', sequences: { 'NSE:A1': 1 } } }],
  ])('sends a snapshot instead to a client that returns with %s', (_, options) => {
    for (const price of [100, 101, 102]) publish({ price });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], options);
    expect(wire.take()).toMatchObject([{ type: 'snapshot', seq: 3 }]);
  });

  it('sends a snapshot instead of more changes than anybody wants to read', () => {
    for (let price = 1; price <= 502; price++) publish({ price });
    const resumed = (sequence: number): string[] => {
      const { client, wire } = connect(`c${sequence}`);
      subscribe(client, ['NSE:A1'], { resume: { epoch: 'e1', sequences: { 'NSE:A1': sequence } } });
      return wire.types();
    };
    expect(resumed(1)).toEqual(['snapshot']);
    expect(resumed(2)).toHaveLength(500);
  });

  it('ends with unsubscribe, for some symbols or all', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1', 'NSE:B1']);
    expect(hub.unsubscribe(client, ['NSE:A1', 'NSE:C1'])).toEqual(['NSE:A1']);
    expect(hub.unsubscribe(client, undefined)).toEqual(['NSE:B1']);
    wire.take();
    publish({ price: 101 });
    expect(wire.take()).toEqual([]);
  });
});

describe('fan-out', () => {
  it('encodes once for all clients with equal options and writes once to each', () => {
    publish({ price: 100 }, { instrument: 'NSE:B1', price: 50 });
    const clients = Array.from({ length: 20 }, (_, i) => connect(`c${i}`));
    for (const { client } of clients) subscribe(client, ['NSE:A1', 'NSE:B1'], { batch: true, compression: 'delta' });
    const { encoded } = hub.counts;
    for (const { wire } of clients) {
      wire.take();
      wire.writes = 0;
    }
    publish({ price: 101 }, { instrument: 'NSE:B1', price: 51 });
    expect(hub.counts.encoded - encoded).toBe(2);
    for (const { wire } of clients) {
      expect(wire.writes).toBe(1);
      expect(wire.take()).toMatchObject([
        { type: 'batch_update', updates: [{ symbol: 'NSE:A1' }, { symbol: 'NSE:B1' }] },
      ]);
    }
  });

  it('keeps the members of a group apart when one of them leaves', () => {
    const [a, b, c] = [connect('a'), connect('b'), connect('c')];
    for (const { client } of [a, b, c]) subscribe(client, ['NSE:A1']);
    hub.disconnect(a.client);
    hub.unsubscribe(c.client, ['NSE:A1']);
    publish({ price: 100 });
    expect([a, b, c].map(({ wire }) => wire.take().length)).toEqual([0, 1, 0]);
  });

  it('sends a value that came back within a window to nobody', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    wire.take();
    publish({ price: 101 }, { price: 100 });
    expect(wire.take()).toEqual([]);
  });

  it('announces demand once for all changes of a moment', () => {
    const announced: string[][] = [];
    hub.onDemand((wanted) => announced.push([...wanted].toSorted()));
    const { client } = connect();
    subscribe(client, ['NSE:B1', 'NSE:A1']);
    clock.advance(1);
    hub.disconnect(client);
    clock.advance(1);
    expect(announced).toEqual([['NSE:A1', 'NSE:B1'], []]);
  });
});

describe('a frequency limit', () => {
  it('makes good what it held back with one snapshot of the newest value', () => {
    publish({ price: 100 });
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1'], { maxFrequency: 2, compression: 'delta' });
    wire.take();
    publish({ price: 101 });
    clock.advance(100);
    publish({ price: 102 });
    clock.advance(100);
    publish({ price: 103 });
    expect(wire.take()).toMatchObject([{ type: 'price_update', seq: 2 }]);
    clock.advance(300);
    expect(wire.take()).toMatchObject([{ type: 'snapshot', seq: 4, data: { price: 103 } }]);
    clock.advance(500);
    publish({ price: 104 });
    expect(wire.take()).toMatchObject([{ type: 'price_update', seq: 5 }]);
  });
});

it('is not got round by subscribing again, nor by leaving in between', () => {
  const { client, wire } = connect();
  publish({ price: 100 });
  subscribe(client, ['NSE:A1'], { maxFrequency: 1 });
  publish({ price: 101 });
  expect(wire.types()).toEqual(['snapshot', 'price_update']);
  for (let i = 0; i < 10; i++) {
    if (i % 2 === 0) hub.unsubscribe(client, ['NSE:A1']);
    subscribe(client, ['NSE:A1'], { maxFrequency: 1 });
    publish({ price: 102 + i });
  }
  expect(wire.types()).toEqual([]);
  clock.advance(1000);
  expect(wire.take()).toMatchObject([{ type: 'snapshot', data: { price: 111 } }]);
});

it('keeps a client with a low limit from holding back one with a higher limit', () => {
  const [slow, fast] = [connect('slow'), connect('fast')];
  subscribe(slow.client, ['NSE:A1'], { maxFrequency: 0.01 });
  subscribe(fast.client, ['NSE:B1'], { maxFrequency: 10 });
  for (let price = 1; price <= 20; price++) {
    publish({ price }, { instrument: 'NSE:B1', price });
    clock.advance(100);
  }
  expect(fast.wire.take().at(-1)).toMatchObject({ data: { price: 20 } });
  expect(slow.wire.types()).toHaveLength(1);
});

describe('a client that stops reading', () => {
  it('is told so, is conflated, and gets the newest values when it has caught up', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1', 'NSE:B1']);
    publish({ price: 100 }, { instrument: 'NSE:B1', price: 50 });
    expect(wire.probes).toBe(1);
    clock.advance(2001);
    wire.take();
    publish({ price: 101 });
    publish({ price: 102 });
    expect(wire.take()).toMatchObject([{ type: 'slow', resumed: false }]);
    client.probeAnswered(clock.now());
    expect(wire.take()).toMatchObject([
      { type: 'slow', dropped: 2, resumed: true },
      { type: 'snapshot', symbol: 'NSE:A1', seq: 3, data: { price: 102 } },
    ]);
    publish({ price: 103 });
    expect(wire.take()).toMatchObject([{ type: 'price_update', seq: 4 }]);
  });

  it('does not delay the others', () => {
    const [slow, quick] = [connect('slow'), connect('quick')];
    for (const { client } of [slow, quick]) subscribe(client, ['NSE:A1']);
    publish({ price: 100 });
    quick.client.probeAnswered(clock.now());
    clock.advance(2001);
    for (const price of [101, 102, 103]) publish({ price });
    expect(quick.wire.take().map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(hub.counts.dropped).toBe(3);
  });

  it('is conflated at once when its outbox is full, however young it is', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    publish({ price: 100 });
    wire.take();
    wire.buffered = 10_001;
    publish({ price: 101 });
    expect(wire.types()).toEqual(['slow']);
    wire.buffered = 0;
    client.probeAnswered(clock.now());
    expect(wire.types()).toEqual(['slow', 'snapshot']);
  });

  it('is disconnected when it only asks and never reads, whatever else it is owed', () => {
    const { client, wire } = connect();
    wire.buffered = 40_000;
    client.send('pong', { serverTime: 1 });
    expect(wire.closedWith).toBeUndefined();
    wire.buffered = 40_001;
    client.send('pong', { serverTime: 1 });
    expect([wire.closedWith, hub.counts.slowDisconnects]).toEqual(['SLOW_CONSUMER', 1]);
  });

  it('is disconnected when it stays late', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    publish({ price: 100 });
    clock.advance(2001);
    publish({ price: 101 });
    clock.advance(10_000);
    hub.sweep();
    expect(wire.closedWith).toBeUndefined();
    clock.advance(1);
    hub.sweep();
    expect(wire.closedWith).toBe('SLOW_CONSUMER');
    expect(hub.counts.slowDisconnects).toBe(1);
  });

  it('gets no snapshot of what it left while it was late', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1', 'NSE:B1']);
    publish({ price: 100 }, { instrument: 'NSE:B1', price: 50 });
    clock.advance(2001);
    publish({ price: 101 }, { instrument: 'NSE:B1', price: 51 });
    hub.unsubscribe(client, ['NSE:B1']);
    wire.take();
    client.probeAnswered(clock.now());
    expect(wire.take().map(({ symbol }) => symbol)).toEqual([undefined, 'NSE:A1']);
  });
});

describe('housekeeping', () => {
  it('probes a silent connection at the heartbeat, and ends one that never answers', () => {
    const { client, wire } = connect();
    subscribe(client, ['NSE:A1']);
    clock.advance(25_000);
    hub.sweep();
    expect(wire.probes).toBe(1);
    clock.advance(35_001);
    hub.sweep();
    expect(wire.closedWith).toBe('SLOW_CONSUMER');
  });

  it('ends a connection that wants nothing and says nothing', () => {
    const { wire } = connect();
    clock.advance(60_001);
    hub.sweep();
    expect(wire.closedWith).toBe('IDLE_TIMEOUT');
  });
});
