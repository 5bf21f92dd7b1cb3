import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LastValueStore, ReplayBuffer } from '#cache';
import { Encodings } from '#compression';
import { Epoch, InstrumentMaster, type Quote, quoteOf, silentMeter, tick } from '#domain';
import { SubscribeMessage } from '#protocol';
import { applyDelta } from '../../../test/support/apply-delta.js';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { type Received, RecordingWire } from '../../../test/support/recording-wire.js';
import type { Client } from './client.js';
import { Hub } from './hub.js';

const IDS = ['NSE:A1', 'NSE:B1'];
const OPTIONS: Partial<SubscribeMessage>[] = [
  {},
  { compression: 'delta' },
  { compression: 'delta', batch: true },
  { compression: 'delta', fields: ['price', 'bid'] },
  { maxFrequency: 2 },
];

/** One life of a server. */
class Life {
  readonly store: LastValueStore;
  readonly replay: ReplayBuffer;
  readonly hub: Hub;

  constructor(
    private readonly clock: ManualClock,
    readonly epoch: string,
    ids: readonly string[] = IDS,
  ) {
    const master = new InstrumentMaster(ids.map((id) => anInstrument({ id })));
    this.store = new LastValueStore(master, new Epoch(epoch));
    this.replay = new ReplayBuffer(clock, { keepMs: 60_000, maxBytes: 1_000_000 });
    const backpressure = { probeIntervalMs: 1000, slowAfterMs: 2000, slowDisconnectMs: 600_000, outboxMaxBytes: 5000 };
    const options = { backpressure, maxSymbolsPerClient: 10, heartbeatIntervalMs: 25_000, idleTimeoutMs: 1e9 };
    this.hub = new Hub(this.store, this.replay, new Encodings(new Epoch(epoch)), clock, options, silentMeter);
  }

  publish(id: string, given: { price?: number; bid?: number; volume?: number }): void {
    const state = this.store.peek(id)!;
    state.apply(tick({ instrument: id, vendor: 'v', receivedAt: this.clock.now(), ...given }));
    const deltas = this.store.advance([state]);
    this.hub.publish(deltas);
    for (const delta of deltas) this.replay.add(delta);
  }
}

interface Item {
  readonly symbol: string;
  readonly seq: number;
  readonly prev?: number;
  readonly data: object;
}

/** A client of the contract: applies what it is sent, insists on the sequence, comes back with what it has. */
class Reader {
  readonly quotes = new Map<string, object>();
  readonly sequences: Record<string, number> = {};
  epoch = '';
  wire = new RecordingWire();
  client: Client | undefined;

  constructor(private readonly options: Partial<SubscribeMessage>) {}

  come(life: Life): void {
    this.wire = new RecordingWire();
    this.client = life.hub.connect('c', this.wire, 'websocket', 'json');
    const resume = { epoch: this.epoch, sequences: { ...this.sequences } };
    const message = Object.assign(new SubscribeMessage(), { symbols: IDS, resume }, this.options);
    const { accepted } = life.hub.subscribe(this.client, message);
    life.hub.greet(this.client, accepted, resume);
  }

  leave(life: Life): void {
    if (this.client !== undefined) life.hub.disconnect(this.client);
    this.client = undefined;
  }

  read(): void {
    for (const message of this.wire.take()) this.take(message);
  }

  private take(message: Received): void {
    if (message.type === 'snapshot') {
      const { symbol, seq, data, epoch } = message as unknown as Item & { epoch: string };
      // within one life a snapshot never takes back what was told
      if (epoch === this.epoch) expect(seq).toBeGreaterThanOrEqual(this.sequences[symbol] ?? 0);
      else for (const id of IDS) delete this.sequences[id];
      this.epoch = epoch;
      this.sequences[symbol] = seq;
      this.quotes.set(symbol, data);
    }
    if (message.type === 'price_update') this.update(message as unknown as Item, message['compression']);
    if (message.type !== 'batch_update') return;
    for (const item of message['updates'] as Item[]) this.update(item, message['compression']);
  }

  private update({ symbol, seq, prev, data }: Item, compression: unknown): void {
    const at = this.sequences[symbol] ?? NaN;
    expect(seq).toBeGreaterThan(at);
    expect(prev ?? seq - 1).toBeLessThanOrEqual(at);
    this.sequences[symbol] = seq;
    this.quotes.set(symbol, compression === 'delta' ? applyDelta(this.quotes.get(symbol)!, data) : data);
  }
}

type Step =
  | { publish: string; price: number; field: 'price' | 'bid' | 'volume' }
  | { do: 'leave' | 'come' | 'restart' | 'stop-reading' | 'read-on' }
  | { wait: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      publish: fc.constantFrom(...IDS),
      price: fc.integer({ min: 1, max: 50 }),
      field: fc.constantFrom('price', 'bid', 'volume'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('leave', 'come', 'come', 'stop-reading', 'read-on') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 20_000 }) }) },
);

it('has a client end with what the server has, each change at most once and in order, whatever happens between them', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OPTIONS), fc.array(step, { maxLength: 80 }), (options, steps) => {
      const clock = new ManualClock();
      let lives = 1;
      let life = new Life(clock, 'e1');
      const reader = new Reader(options);
      const catchUp = (): void => {
        reader.wire.buffered = 0;
        reader.client?.probeAnswered(clock.now());
        reader.read();
      };
      for (const one of steps) {
        if ('publish' in one) life.publish(one.publish, { [one.field]: one.price });
        else if ('wait' in one) {
          clock.advance(one.wait);
          life.hub.sweep();
          life.replay.sweep();
        } else if (one.do === 'leave') reader.leave(life);
        else if (one.do === 'come' && reader.client === undefined) reader.come(life);
        else if (one.do === 'stop-reading') reader.wire.buffered = 6000;
        else if (one.do === 'read-on') catchUp();
        else if (one.do === 'restart') {
          life.hub.stop();
          reader.client = undefined;
          life = new Life(clock, `e${++lives}`);
        }
        // what is lost with a connection was never read
        if (reader.client !== undefined && reader.wire.buffered === 0) reader.read();
      }
      if (reader.client === undefined) reader.come(life);
      catchUp();
      clock.advance(1000);
      catchUp();
      for (const id of IDS) {
        const state = life.store.peek(id)!;
        if (state.sequence === 0) continue;
        const whole = quoteOf(state.instrument, state.values, state.source);
        expect(reader.quotes.get(id)).toEqual(told(whole, options.fields));
      }
      life.hub.stop();
    }),
    {
      numRuns: 400,
      examples: [
        [
          { compression: 'delta', fields: ['price', 'bid'] },
          [
            { publish: 'NSE:A1', price: 1, field: 'price' },
            { do: 'come' },
            { do: 'leave' },
            { publish: 'NSE:A1', price: 2, field: 'volume' },
            { do: 'come' },
            { publish: 'NSE:A1', price: 3, field: 'price' },
          ],
        ],
      ],
    },
  );
});

/** What a client is told of a quote. */
function told(quote: Quote, fields: readonly string[] | undefined): object {
  if (fields === undefined) return quote;
  const wanted = new Set([...fields, 'symbol', 'stale']);
  return Object.fromEntries(Object.entries(quote).filter(([name]) => wanted.has(name)));
}

it('replays to one request no more than two thousand changes; the rest of its symbols start from a snapshot', () => {
  const ids = Array.from({ length: 6 }, (_, i) => `NSE:A${i}`);
  const clock = new ManualClock();
  const life = new Life(clock, 'e1', ids);
  for (let price = 1; price <= 450; price++) for (const id of ids) life.publish(id, { price });
  const wire = new RecordingWire();
  const client = life.hub.connect('c', wire, 'websocket', 'json');
  const resume = { epoch: 'e1', sequences: Object.fromEntries(ids.map((id) => [id, 1])) };
  const message = Object.assign(new SubscribeMessage(), { symbols: ids, resume });
  life.hub.greet(client, life.hub.subscribe(client, message).accepted, resume);
  expect(life.hub.counts.replayed).toBe(4 * 449);
  expect(wire.types().filter((type) => type === 'snapshot')).toHaveLength(2);
});
