import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Epoch, InstrumentMaster, quoteOf, tick } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { LastValueStore } from './last-value.store.js';
import type { QuoteState } from './quote-state.js';
import { type Change, ReplayBuffer } from './replay-buffer.js';

const IDS = ['NSE:A', 'NSE:B', 'NSE:C'];
const PAGE_BYTES = 1024 * 170;

interface Setup {
  clock: ManualClock;
  store: LastValueStore;
  buffer: ReplayBuffer;
  publish: (id: string, price: number, vendor?: string) => QuoteState;
}

function setup(limits: { keepMs?: number; maxBytes?: number } = {}): Setup {
  const clock = new ManualClock();
  const store = new LastValueStore(new InstrumentMaster(IDS.map((id) => anInstrument({ id }))), new Epoch('e'));
  const buffer = new ReplayBuffer(clock, { keepMs: 300_000, maxBytes: 100 * PAGE_BYTES, ...limits });
  const publish = (id: string, price: number, vendor = 'v'): QuoteState => {
    const state = store.peek(id) as QuoteState;
    state.apply(tick({ instrument: id, vendor, receivedAt: clock.now(), price }));
    for (const delta of store.advance([state])) buffer.add(delta);
    return state;
  };
  return { clock, store, buffer, publish };
}

const prices = (buffer: ReplayBuffer, state: QuoteState, count: number): unknown[] =>
  Array.from(buffer.last(state, count), (delta) => {
    const { price } = quoteOf(delta.instrument, delta.values, delta.source);
    return [delta.sequence, price, delta.source];
  });

it('gives back what was published since a sequence, in order, with its source', () => {
  const { buffer, publish } = setup();
  publish('NSE:A', 1);
  publish('NSE:B', 10);
  publish('NSE:A', 2, 'w');
  const state = publish('NSE:A', 3);
  expect(buffer.missedSince(state, 1)).toBe(2);
  expect(prices(buffer, state, 2)).toEqual([
    [2, 2, 'w'],
    [3, 3, 'v'],
  ]);
});

describe('knows what it cannot give back', () => {
  it.each([0, -1, 4, 1.5, NaN])('for a client at sequence %d of 3', (sequence) => {
    const { buffer, publish } = setup();
    publish('NSE:A', 1);
    publish('NSE:A', 2);
    const state = publish('NSE:A', 3);
    expect(buffer.missedSince(state, sequence)).toBeUndefined();
    expect(buffer.missedSince(state, 3)).toBe(0);
  });

  it('once it is too old', () => {
    const { clock, buffer, publish } = setup({ keepMs: 60_000 });
    publish('NSE:A', 1);
    let state = publish('NSE:A', 2);
    clock.advance(60_000);
    buffer.sweep();
    expect(buffer.missedSince(state, 1)).toBe(1);
    clock.advance(1);
    buffer.sweep();
    expect([buffer.missedSince(state, 1), buffer.size, buffer.bytes]).toEqual([undefined, 0, 0]);
    state = publish('NSE:A', 3);
    expect(buffer.missedSince(state, 2)).toBe(1);
    expect(buffer.missedSince(state, 1)).toBeUndefined();
    expect(prices(buffer, state, 1)).toEqual([[3, 3, 'v']]);
  });

  it('where it may keep nothing', () => {
    const { buffer, publish } = setup({ maxBytes: 1000 });
    publish('NSE:A', 1);
    expect(buffer.missedSince(publish('NSE:A', 2), 1)).toBeUndefined();
  });
});

it('agrees with a plain list for any course of changes, time and returns, within its memory', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ publish: fc.constantFrom(...IDS), times: fc.integer({ min: 1, max: 400 }) }) },
    { weight: 3, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 40_000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, buffer, publish } = setup({ keepMs: 60_000, maxBytes: 3 * PAGE_BYTES });
      const told = new Map<string, { price: number; at: number }[]>(IDS.map((id) => [id, []]));
      const states = new Map<string, QuoteState>();
      let price = 0;
      for (const one of steps) {
        if ('wait' in one) {
          clock.advance(one.wait);
          buffer.sweep();
          continue;
        }
        for (let i = 0; i < one.times; i++) {
          states.set(one.publish, publish(one.publish, ++price));
          told.get(one.publish)?.push({ price, at: clock.now() });
        }
      }
      expect(buffer.bytes).toBeLessThanOrEqual(3 * PAGE_BYTES);
      for (const [id, state] of states) {
        const all = told.get(id) ?? [];
        for (const sequence of [1, Math.floor(all.length / 2), all.length - 1, all.length]) {
          if (sequence < 1) continue;
          const missed = buffer.missedSince(state, sequence);
          if (missed === undefined) continue;
          const expected = all.slice(sequence).map((entry, i) => [sequence + 1 + i, entry.price, 'v']);
          expect(prices(buffer, state, missed)).toEqual(expected);
        }
        // what is younger than a page of changes and than the time is there
        const young = all.slice(-50).findIndex(({ at }) => clock.now() - at <= 60_000);
        if (young > 0 && price - (all.at(-50)?.price ?? 0) < 1024) {
          expect(buffer.missedSince(state, all.length - 50 + young)).toBeDefined();
        }
      }
    }),
    { numRuns: 60 },
  );
});

describe('filled with changes of another node', () => {
  /** What the other node published, as it can be read from the shared log. */
  function published(count: number): Change[] {
    const other = setup();
    return Array.from({ length: count }, (_, i) => {
      const { sequence, changed, source, values } = other.publish('NSE:A', i + 1);
      return { sequence, changed, source, values: values.slice() };
    });
  }

  /** A node that has followed from `from` to `to`. */
  function followed(
    from: number,
    to: number,
  ): { buffer: ReplayBuffer; state: QuoteState; go: (until: number) => void } {
    const { buffer, store } = setup();
    const changes = published(20);
    const state = store.peek('NSE:A') as QuoteState;
    const go = (until: number): void => {
      for (let at = Math.max(from, state.sequence + 1); at <= until; at++) {
        const { sequence, changed, source, values } = changes[at - 1] as Change;
        state.adopt(sequence, changed, source, values);
        buffer.add(state);
      }
    };
    go(to);
    return { buffer, state, go };
  }

  it('gives them back before its own, and goes on with what comes', () => {
    const { buffer, state, go } = followed(6, 8);
    expect(buffer.missedSince(state, 2)).toBeUndefined();
    expect(buffer.refill(state, published(6).slice(2))).toBe(true);
    expect(prices(buffer, state, buffer.missedSince(state, 2) ?? 0)).toEqual(
      [3, 4, 5, 6, 7, 8].map((n) => [n, n, 'v']),
    );
    go(10);
    expect(buffer.missedSince(state, 2)).toBe(8);
  });

  it('leaves out what is past its own position', () => {
    const { buffer, state } = followed(6, 8);
    expect(buffer.refill(state, published(10).slice(4))).toBe(true);
    expect(prices(buffer, state, buffer.missedSince(state, 4) ?? 0)).toEqual([5, 6, 7, 8].map((n) => [n, n, 'v']));
  });

  it('takes nothing that has a hole, or does not reach its own', () => {
    const { buffer, state } = followed(6, 8);
    expect(buffer.refill(state, published(4).slice(2))).toBe(false);
    expect(buffer.refill(state, [...published(3).slice(2), ...published(8).slice(4)])).toBe(false);
    expect(buffer.refill(state, [])).toBe(false);
    expect(buffer.missedSince(state, 5)).toBe(3);
  });
});
