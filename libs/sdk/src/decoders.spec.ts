import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Encodings, framePayloads, messageEncoder } from '#compression';
import { Epoch, ALL_FIELDS_MASK, F, InstrumentMaster, quoteOf, type Tick, tick, unknownValues } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { CompactDecoder } from './compact-decoder.js';
import { readMessage, type ServerMessage } from './contract.js';
import { decodeMsgpack } from './msgpack-decoder.js';
import { QuoteStore } from './quote-store.js';

const T0 = Date.UTC(2026, 10, 20, 4, 0, 0);
const EPOCH = 'e1';
const instruments = [
  anInstrument({ id: 'NSE:RELIANCE', name: 'Reliance “Industries” Limited' }),
  anInstrument({ id: 'NSE:USDINR', name: '₹', decimals: 4, tickSize: 0.0025 }),
];

const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (char) => char.charCodeAt(0));

const price = fc.integer({ min: 1, max: 10_000_000 }).map((paise) => paise / 100);
const priceOrNone = fc.oneof(price, fc.constant(NaN));
const count = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 45 }));
const observation: fc.Arbitrary<Partial<Tick> & { readonly instrument: string }> = fc.record(
  {
    instrument: fc.constantFrom(...instruments.map(({ id }) => id)),
    vendor: fc.constantFrom('json', 'bse'),
    price,
    volume: count,
    bid: priceOrNone,
    ask: priceOrNone,
    bidSize: count,
    lastSize: count,
    averagePrice: price,
    high: price,
    previousClose: priceOrNone,
    openInterest: count,
    eventTime: fc.integer({ min: T0 - 86_400_000, max: T0 + 1000 }),
  },
  { requiredKeys: ['instrument'] },
);

/** Plays ticks to a server's store and encoder, one window each, and its frames to `read` and a client's store. */
function play(
  ticks: readonly (Partial<Tick> & { readonly instrument: string })[],
  format: 'msgpack' | 'compact',
  read: (frame: Uint8Array) => unknown,
): { server: LastValueStore; client: QuoteStore } {
  const server = new LastValueStore(new InstrumentMaster(instruments), new Epoch(EPOCH));
  const client = new QuoteStore();
  const encoding = new Encodings(new Epoch(EPOCH)).for({
    framing: 'websocket',
    format,
    compression: 'delta',
    batch: true,
    mask: ALL_FIELDS_MASK,
  });
  ticks.forEach((given, i) => {
    server.apply(tick({ vendor: 'json', receivedAt: T0 + i, ...given }));
    for (const delta of server.advance([server.peek(given.instrument)!])) {
      const item = encoding.update(delta, delta.sequence - 1, T0 + i);
      const frames =
        delta.sequence === 1
          ? encoding.snapshot(delta, T0 + i)
          : encoding.batch(item.slice(encoding.separator.length), 1, T0 + i);
      for (const { payload } of framePayloads(frames)) {
        const message = readMessage(read(bytesOf(payload))) as ServerMessage;
        const outcomes =
          message.type === 'snapshot'
            ? [client.snapshot(message, message.epoch)]
            : message.type === 'batch_update'
              ? message.updates.map((update) => client.update(update, false))
              : [];
        expect(outcomes.map(({ kind }) => kind)).toEqual(['applied']);
      }
    }
  });
  return { server, client };
}

it.each(['msgpack', 'compact'] as const)(
  "reads what the server's encoder writes, change after change: %s",
  (format) => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 30 }), (ticks) => {
        const compact = new CompactDecoder();
        const { server, client } = play(ticks, format, (frame) =>
          format === 'compact' ? compact.read(frame) : decodeMsgpack(frame),
        );
        for (const { id } of instruments) {
          const state = server.peek(id)!;
          if (state.sequence === 0) continue;
          const expected = quoteOf(state.instrument, state.values, state.source);
          expect({ ...client.quote(id) }).toEqual(expected);
          expect(client.sequence(id)).toBe(state.sequence);
        }
      }),
      { numRuns: 150 },
    );
  },
);

describe('MessagePack', () => {
  it('reads any JSON value and any message as the server packs it', () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true });
    // once through text, which knows no minus zero
    const json = fc.json({ maxDepth: 4 }).filter((text) => !text.includes('__proto__'));
    fc.assert(
      fc.property(json, (text) => {
        const value: unknown = JSON.parse(JSON.stringify(JSON.parse(text)));
        expect(decodeMsgpack(packr.pack(value))).toEqual(value);
      }),
    );
    const long = {
      text: 'x'.repeat(70_000),
      list: Array.from({ length: 70_000 }, (_, i) => i),
      n: -(2 ** 40),
      o: 2 ** 40,
    };
    expect(decodeMsgpack(packr.pack(long))).toEqual(long);
    const [{ payload } = { payload: '' }] = framePayloads(
      messageEncoder('websocket', 'msgpack').message('slow', { dropped: 3, since: T0, resumed: true }),
    );
    expect(decodeMsgpack(bytesOf(payload))).toEqual({ type: 'slow', dropped: 3, since: T0, resumed: true });
  });

  it('refuses what is cut short, wherever', () => {
    const whole = new Packr({ useRecords: false }).pack({ symbol: 'NSE:TCS', data: { price: 1.5, sizes: [1, 300] } });
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeMsgpack(whole.subarray(0, length))).toThrow(RangeError);
  });

  it('never changes what an object is', () => {
    const evil = bytesOf('\x81\xa9__proto__\x81\xa1x\x01');
    expect(decodeMsgpack(evil)).toEqual({});
  });
});

describe('the compact form', () => {
  const frames = (sequences: number): Uint8Array[] => {
    const kept: Uint8Array[] = [];
    const decoder = new CompactDecoder();
    const ticks = Array.from({ length: sequences }, (_, i) => ({ instrument: 'NSE:RELIANCE', price: 100 + i }));
    play(ticks, 'compact', (frame) => {
      kept.push(frame);
      return decoder.read(frame);
    });
    return kept;
  };

  it('shows a hole by its sequence, and is whole again after a snapshot', () => {
    const [snapshot, , third] = frames(3) as [Uint8Array, Uint8Array, Uint8Array];
    const decoder = new CompactDecoder();
    decoder.read(snapshot);
    expect(decoder.read(third)).toMatchObject({ updates: [{ symbol: 'NSE:RELIANCE', seq: 3, data: {} }] });
    // again: it must not have counted
    expect(decoder.read(third)).toMatchObject({ updates: [{ seq: 3 }] });
    expect(decoder.read(snapshot)).toMatchObject({ type: 'snapshot', seq: 1, data: { price: 100 } });
  });

  it('takes the change away with the previous close', () => {
    const instrument = instruments[0]!;
    const [before, after] = [unknownValues(), unknownValues()];
    before[F.price] = after[F.price] = 101;
    before[F.previousClose] = 100;
    const quote = { instrument, wireId: 0, source: 'json', changed: 1 << F.previousClose, isWhole: false };
    const encoding = new Encodings(new Epoch(EPOCH)).for({
      framing: 'websocket',
      format: 'compact',
      compression: 'delta',
      batch: true,
      mask: ALL_FIELDS_MASK,
    });
    const decoder = new CompactDecoder();
    const read = (text: string): unknown => decoder.read(bytesOf(framePayloads(text)[0]!.payload));
    expect(
      read(encoding.snapshot({ ...quote, sequence: 1, values: before, previous: unknownValues() }, T0)),
    ).toMatchObject({ data: { change: 1, changePercent: 1 } });
    const item = encoding.update({ ...quote, sequence: 2, values: after, previous: before }, 1, T0);
    expect(read(encoding.batch(item, 1, T0))).toMatchObject({
      updates: [{ seq: 2, data: { previousClose: null, change: null, changePercent: null } }],
    });
  });

  it('refuses what is cut short, unknown, or about an instrument it has not met', () => {
    const [snapshot, update] = frames(2) as [Uint8Array, Uint8Array];
    for (let length = 0; length < snapshot.length; length++)
      expect(() => new CompactDecoder().read(snapshot.subarray(0, length))).toThrow(RangeError);
    expect(() => new CompactDecoder().read(update)).toThrow(RangeError);
    expect(() => new CompactDecoder().read(Uint8Array.of(9))).toThrow(RangeError);
    const decoder = new CompactDecoder();
    decoder.read(snapshot);
    decoder.reset();
    expect(() => decoder.read(update)).toThrow(RangeError);
  });
});
