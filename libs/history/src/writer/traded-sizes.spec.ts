import { describe, expect, it } from 'vitest';
import { CandleBuilder } from '#candles';
import { aTick, T0 } from '../../../../test/support/ticks.js';
import { TradedSizes } from './traded-sizes.js';

interface Told {
  readonly at: number;
  readonly received: number;
  readonly volume: number;
  readonly late: boolean;
}

const START = Math.floor(T0 / 60_000) * 60_000;

/** Numbers from 0 to 1, the same every time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** Trades of a vendor that counts, a fifth of them told up to `places` later than they should be. */
function aDay(seed: number, pauseMs: number, places: number): Told[] {
  const next = chance(seed);
  let [at, volume] = [START, 5000];
  const trades = Array.from({ length: 250 }, (_, i) => {
    at += 1 + Math.floor(next() * pauseMs);
    volume += 1 + Math.floor(next() * 9);
    return { at, volume, place: i + (next() < 0.2 ? Math.floor(next() * places) : 0) };
  });
  let newest = -Infinity;
  return trades
    .toSorted((a, b) => a.place - b.place)
    .map((trade) => {
      const late = trade.at < newest;
      newest = Math.max(newest, trade.at);
      return { ...trade, received: newest, late };
    });
}

/** Volume by candle, as live candles have it and as history adds it up. */
function volumes(told: readonly Told[], step: number): { live: Map<number, number>; history: Map<number, number> } {
  const builder = new CandleBuilder();
  const sizes = new TradedSizes();
  const history = new Map<number, number>();
  const add = (at: number, size: number): void => {
    const start = Math.floor(at / step) * step;
    history.set(start, (history.get(start) ?? 0) + size);
  };
  for (const { at, received, volume, late } of told) {
    const tick = aTick({ eventTime: at, receivedAt: received, price: 100, volume });
    if (late) builder.late(tick);
    else builder.accepted(tick, volume);
    const size = late ? sizes.late(tick) : sizes.accepted(tick, volume);
    if (!Number.isNaN(size)) add(at, size);
    if (late && sizes.moved !== undefined) {
      add(sizes.moved.to, sizes.moved.size);
      add(sizes.moved.from, -sizes.moved.size);
    }
  }
  const candles = builder.last(step === 1000 ? '1s' : '1m', Infinity);
  const live = new Map(candles.map(({ time, volume }) => [Date.parse(time), volume]));
  // live candles are a number of the newest
  const first = Math.min(...live.keys());
  return { live, history: new Map([...history].filter(([start]) => start >= first).toSorted(([a], [b]) => a - b)) };
}

describe('volumes of history are those of live candles', () => {
  it.each([
    [3000, 20],
    [300, 20],
    [300, 100],
    [3000, 3],
  ])('however late trades are told: one each %i ms at most, %i places late', (pauseMs, places) => {
    for (let seed = 1; seed <= 60; seed++) {
      const told = aDay(seed, pauseMs, places);
      for (const step of [1000, 60_000]) {
        const { live, history } = volumes(told, step);
        expect([...history], `seed ${seed}`).toEqual([...live]);
      }
    }
  });

  it('also of a trade between where counting starts and the first', () => {
    const tell = (afterMs: number, volume: number, late = false): Told => ({
      at: START + afterMs,
      received: START + 62_000,
      volume,
      late,
    });
    const told = [tell(0, 1000), tell(61_000, 1010), tell(30_000, 1004, true), tell(62_000, 1012)];
    const { history } = volumes(told, 60_000);
    expect([...history.values()]).toEqual([4, 8]);
  });
});
