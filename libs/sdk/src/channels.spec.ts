import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOOK_LEVELS, bookChanges, bookView, emptyBook, setLevel } from '#domain';
import { Channels } from './channels.js';
import type { Candle } from './contract.js';

const symbol = 'NSE:TCS';

const level = fc.record({ price: fc.integer({ min: 1, max: 99 }), size: fc.integer({ min: 1, max: 9 }) });
const side = fc.array(level, { maxLength: BOOK_LEVELS });
const book = fc.record({ bids: side, asks: side }).map(({ bids, asks }) => {
  const made = emptyBook();
  bids.forEach(({ price, size }, i) => setLevel(made, 'bids', i, price, size));
  asks.forEach(({ price, size }, i) => setLevel(made, 'asks', i, price, size));
  return made;
});

it("follows a book by the server's changes", () => {
  fc.assert(
    fc.property(fc.array(book, { minLength: 1, maxLength: 12 }), ([first = emptyBook(), ...later]) => {
      const channels = new Channels();
      const at = { symbol, epoch: 'e', timestamp: 0 };
      channels.takeBook({ type: 'depth_snapshot', ...at, seq: 1, data: bookView(first) });
      let held = first;
      let seq = 1;
      for (const next of later) {
        const data = bookChanges(held, next);
        if (data === undefined) continue;
        seq++;
        channels.takeBook({ type: 'depth_update', ...at, seq, data, compression: 'delta' });
        held = next;
        expect(channels.book(symbol)).toEqual(bookView(held));
      }
    }),
  );
});

describe('a channel', () => {
  const candle = (minute: number, close: number): Candle => ({
    time: `2026-11-20T04:0${minute}:00.000Z`,
    open: 1,
    high: 9,
    low: 1,
    close,
    volume: 0,
    final: false,
    corrected: false,
  });
  const update = (channels: Channels, seq: number, data: Candle): string =>
    channels.takeCandles({ type: 'candle_update', symbol, interval: '1m', seq, data, timestamp: 0 });
  const begun = (): Channels => {
    const channels = new Channels();
    const data = [candle(1, 1), candle(2, 2)];
    channels.takeCandles({ type: 'candle_snapshot', symbol, interval: '1m', epoch: 'e', seq: 4, data, timestamp: 0 });
    return channels;
  };
  const closes = (channels: Channels): number[] => channels.candles(symbol, '1m').map(({ close }) => close);

  it('replaces a candle of the same time, also an earlier one, and adds one of a new time', () => {
    const channels = begun();
    update(channels, 5, candle(2, 3));
    update(channels, 6, candle(3, 4));
    update(channels, 7, candle(1, 5));
    expect(closes(channels)).toEqual([5, 3, 4]);
  });

  it('takes each step once, in order, and begins with a snapshot on every connection', () => {
    const channels = begun();
    expect([update(channels, 4, candle(3, 3)), update(channels, 6, candle(3, 3))]).toEqual(['repeated', 'gap']);
    channels.unplace();
    expect(update(channels, 5, candle(3, 3))).toBe('gap');
    expect(closes(channels)).toEqual([1, 2]);
  });

  it('is forgotten when nobody wants it', () => {
    const channels = begun();
    channels.retain(() => ({ mode: 'quote', candles: ['1m'] }));
    expect(closes(channels)).toEqual([1, 2]);
    channels.retain(() => ({ mode: 'quote' }));
    expect(closes(channels)).toEqual([]);
  });
});
