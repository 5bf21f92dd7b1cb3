import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Epoch, ALL_FIELDS_MASK, type Delta, F, InstrumentMaster, quoteOf, type Tick, tick } from '#domain';
import { CompactReader } from './compact-reader.js';
import type { Encoding, EncodingOptions } from './encoding.js';
import { Encodings } from './encodings.js';
import { framePayloads } from './ws-frame.js';
import { applyDelta } from '../../../test/support/apply-delta.js';
import { anInstrument } from '../../../test/support/instruments.js';

const T0 = Date.UTC(2026, 10, 20, 4, 0, 0);
const reliance = anInstrument({ id: 'NSE:RELIANCE', name: 'Reliance “Industries” Limited' });
const EPOCH = 'e1';

function encodingFor(options: Partial<EncodingOptions>): Encoding {
  return new Encodings(new Epoch(EPOCH)).for({
    framing: 'websocket',
    format: 'json',
    compression: 'none',
    batch: false,
    mask: ALL_FIELDS_MASK,
    ...options,
  });
}

function published(...ticks: Partial<Tick>[]): Delta {
  const store = new LastValueStore(new InstrumentMaster([reliance]), new Epoch(EPOCH));
  for (const given of ticks) {
    store.apply(tick({ instrument: reliance.id, vendor: 'json', receivedAt: T0, ...given }));
    store.advance([store.peek(reliance.id)!]);
  }
  return store.peek(reliance.id)!;
}

function json(frames: string): Record<string, unknown>[] {
  return framePayloads(frames).map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
}

describe('JSON on the plain WebSocket', () => {
  it('writes a whole quote with every known field and none that is unknown', () => {
    const delta = published({ price: 2931.5, previousClose: 2900, volume: 12, bid: 2931.45, eventTime: T0 + 7 });
    expect(json(encodingFor({}).update(delta, 0, T0 + 9))).toEqual([
      {
        type: 'price_update',
        symbol: 'NSE:RELIANCE',
        seq: 1,
        data: {
          symbol: 'NSE:RELIANCE',
          companyName: 'Reliance “Industries” Limited',
          price: 2931.5,
          change: 31.5,
          changePercent: 1.09,
          volume: 12,
          previousClose: 2900,
          bid: 2931.45,
          timestamp: '2026-11-20T04:00:00.007Z',
          source: 'json',
          stale: false,
        },
        compression: 'none',
        timestamp: T0 + 9,
      },
    ]);
  });

  it('writes only what changed in a delta, and null for what is no longer known', () => {
    const delta = published({ price: 100, bid: 99.95 }, { bid: NaN, ask: 100.05 });
    expect(json(encodingFor({ compression: 'delta' }).update(delta, 1, T0))).toEqual([
      {
        type: 'price_update',
        symbol: 'NSE:RELIANCE',
        seq: 2,
        data: { bid: null, ask: 100.05 },
        compression: 'delta',
        timestamp: T0,
      },
    ]);
  });

  it('says which sequence came before when a client that asked for few fields skipped some', () => {
    const mask = 1 << F.price;
    const encoding = encodingFor({ compression: 'delta', mask });
    const unseen = published({ price: 100 }, { bid: 99.95 });
    expect(encoding.update(unseen, 1, T0)).toBe('');
    const seen = published({ price: 100 }, { bid: 99.95 }, { price: 101 });
    expect(json(encoding.update(seen, 1, T0))[0]).toMatchObject({ seq: 3, prev: 1, data: { price: 101 } });
  });

  it('joins the items of a window into one frame', () => {
    const encoding = encodingFor({ compression: 'delta', batch: true });
    const item = encoding.update(published({ price: 100 }, { price: 101 }), 1, T0);
    const frame = encoding.batch(item.slice(1) + item, 2, T0);
    const update = { symbol: 'NSE:RELIANCE', seq: 2, data: { price: 101 } };
    expect(json(frame)).toEqual([
      { type: 'batch_update', updates: [update, update], compression: 'delta', timestamp: T0 },
    ]);
  });
});

it('writes Socket.IO events that its own decoder understands', () => {
  const delta = published({ price: 100 });
  const [text] = framePayloads(encodingFor({ framing: 'socket.io' }).update(delta, 0, T0));
  expect(text?.payload.startsWith('42["price_update",{')).toBe(true);
  const [event, payload] = JSON.parse(text!.payload.slice(2)) as [string, { data: { price: number } }];
  expect([event, payload.data.price]).toEqual(['price_update', 100]);
});

it.each(['json', 'msgpack'] as const)(
  'writes the values of a new epoch in %s, not those it had at the same sequence before',
  (format) => {
    const epoch = new Epoch('e1');
    const encoding = new Encodings(epoch).for({ ...encodingFor({ format }).options });
    const store = new LastValueStore(new InstrumentMaster([reliance]), epoch);
    const state = store.peek(reliance.id)!;
    const publish = (price: number): unknown => {
      store.apply(tick({ instrument: reliance.id, vendor: 'json', receivedAt: T0, price }));
      store.advance([state]);
      const [{ payload } = { payload: '' }] = framePayloads(encoding.snapshot(state, T0));
      return format === 'json' ? JSON.parse(payload) : unpack(Buffer.from(payload, 'latin1'));
    };
    expect(publish(100)).toMatchObject({ epoch: 'e1', seq: 1, data: { price: 100 } });
    store.restart('e2');
    expect(publish(101)).toMatchObject({ epoch: 'e2', seq: 1, data: { price: 101 } });
  },
);

it('gives equal options the same encoding, and other options another', () => {
  const encodings = new Encodings(new Epoch(EPOCH));
  const options = { framing: 'websocket', format: 'json', compression: 'delta', batch: true, mask: 1 } as const;
  expect(encodings.for({ ...options })).toBe(encodings.for({ ...options }));
  expect(encodings.for({ ...options, mask: 2 })).not.toBe(encodings.for(options));
});

const price = fc.integer({ min: 1, max: 10_000_000 }).map((paise) => paise / 100);
const count = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 45 }));
const observation: fc.Arbitrary<Partial<Tick>> = fc.record(
  {
    price,
    volume: count,
    bid: fc.oneof(price, fc.constant(NaN)),
    ask: fc.oneof(price, fc.constant(NaN)),
    bidSize: count,
    askSize: count,
    lastSize: count,
    averagePrice: price,
    open: price,
    high: price,
    low: price,
    previousClose: price,
    openInterest: count,
    eventTime: fc.integer({ min: T0 - 86_400_000, max: T0 + 86_400_000 }),
    vendor: fc.constantFrom('json', 'bse'),
  },
  { requiredKeys: [] },
);

/** Publishes every observation and shows each position to `see`. */
function play(observations: readonly Partial<Tick>[], see: (delta: Delta) => void): void {
  const store = new LastValueStore(new InstrumentMaster([reliance]), new Epoch(EPOCH));
  for (const given of observations) {
    store.apply(tick({ instrument: reliance.id, vendor: 'json', receivedAt: T0, ...given }));
    for (const delta of store.advance([store.peek(reliance.id)!])) see(delta);
  }
}

describe('a snapshot and the deltas after it give the quote at every position', () => {
  const expected = (delta: Delta): unknown => quoteOf(delta.instrument, delta.values, delta.source);

  it('in JSON', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 12 }), (observations) => {
        const encoding = encodingFor({ compression: 'delta' });
        let held: object = {};
        play(observations, (delta) => {
          const frames =
            delta.sequence === 1 ? encoding.snapshot(delta, T0) : encoding.update(delta, delta.sequence - 1, T0);
          held = applyDelta(held, json(frames)[0]!['data'] as object);
          expect(held).toEqual(expected(delta));
        });
      }),
      { numRuns: 200 },
    );
  });

  it('in MessagePack, in batches', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 12 }), (observations) => {
        const encoding = encodingFor({ format: 'msgpack', compression: 'delta', batch: true });
        const read = (frames: string): Record<string, unknown> =>
          unpack(Buffer.from(framePayloads(frames)[0]!.payload, 'latin1')) as Record<string, unknown>;
        let held: object = {};
        play(observations, (delta) => {
          if (delta.sequence === 1) held = read(encoding.snapshot(delta, T0))['data'] as object;
          else {
            const batch = read(encoding.batch(encoding.update(delta, delta.sequence - 1, T0), 1, T0));
            const [update] = batch['updates'] as { seq: number; data: object }[];
            expect(update!.seq).toBe(delta.sequence);
            held = applyDelta(held, update!.data);
          }
          expect(held).toEqual(expected(delta));
        });
      }),
      { numRuns: 200 },
    );
  });

  it('in the compact form', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 12 }), (observations) => {
        const encoding = encodingFor({ format: 'compact', compression: 'delta', batch: true });
        let held: unknown;
        const reader = new CompactReader((quote) => {
          held = quoteOf({ ...reliance, id: quote.symbol, name: quote.companyName }, quote.values, quote.source);
          expect(quote.epoch).toBe(EPOCH);
        });
        play(observations, (delta) => {
          const frames =
            delta.sequence === 1
              ? encoding.snapshot(delta, T0)
              : encoding.batch(encoding.update(delta, delta.sequence - 1, T0), 1, T0);
          reader.read(Buffer.from(framePayloads(frames)[0]!.payload, 'latin1'));
          expect(held).toEqual(expected(delta));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('the compact reader', () => {
  const encoding = encodingFor({ format: 'compact', compression: 'delta', batch: true });
  const bytes = (frames: string): Buffer => Buffer.from(framePayloads(frames)[0]!.payload, 'latin1');

  it('refuses a gap instead of guessing', () => {
    const reader = new CompactReader(() => undefined);
    reader.read(bytes(encoding.snapshot(published({ price: 100 }), T0)));
    const third = published({ price: 100 }, { price: 101 }, { price: 102 });
    expect(() => reader.read(bytes(encoding.batch(encoding.update(third, 2, T0), 1, T0)))).toThrow(
      /Gap in NSE:RELIANCE/,
    );
  });

  it('refuses a frame that is cut short, wherever it is cut', () => {
    const whole = bytes(encoding.snapshot(published({ price: 100, volume: 5, bid: 99.9 }), T0));
    for (let length = 0; length < whole.length; length++) {
      expect(() => new CompactReader(() => undefined).read(whole.subarray(0, length))).toThrow(RangeError);
    }
  });
});

it('keeps a compact snapshot readable whose company name is too long for it', () => {
  const names: string[] = [];
  const reader = new CompactReader(({ companyName }) => names.push(companyName));
  const encoding = encodingFor({ format: 'compact', compression: 'delta', batch: true });
  for (const name of ['€'.repeat(100), `a${'€'.repeat(100)}`, 'b'.repeat(300)]) {
    const snapshot = encoding.snapshot({ ...published({ price: 5 }), instrument: { ...reliance, name } }, T0);
    reader.read(Buffer.from(framePayloads(snapshot)[0]!.payload, 'latin1'));
  }
  expect(names).toEqual(['€'.repeat(85), `a${'€'.repeat(84)}`, 'b'.repeat(255)]);
});

it('writes a typical compact update in at most 18 bytes', () => {
  const before = {
    price: 2931.5,
    volume: 120_400,
    bid: 2931.45,
    ask: 2931.55,
    bidSize: 120,
    askSize: 75,
    lastSize: 10,
  };
  const after = { price: 2931.6, volume: 120_425, bid: 2931.5, ask: 2931.65, bidSize: 90, askSize: 110, lastSize: 25 };
  const delta = published({ ...before, previousClose: 2900, eventTime: T0 }, { ...after, eventTime: T0 + 40 });
  const item = encodingFor({ format: 'compact', compression: 'delta', batch: true }).update(delta, 1, T0 + 50);
  expect(item.length).toBeLessThanOrEqual(18);
});
