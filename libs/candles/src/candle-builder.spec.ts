import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANDLE_INTERVALS, type CandleInterval, type Tick, utcOffsetMs } from '#domain';
import { aTick, T0 } from '../../../test/support/ticks.js';
import { CandleBuilder, KEPT_CANDLES } from './candle-builder.js';

interface Told {
  readonly at: number;
  readonly price: number;
  readonly size: number;
  /** Count of the day with this trade. */
  readonly volume: number;
}

const INTERVALS = Object.keys(CANDLE_INTERVALS) as CandleInterval[];

/** Trades in the order they are told: most in order, some a while after later ones, some never. */
const trades = fc
  .array(
    fc.record({
      pause: fc.integer({ min: 1, max: 4000 }),
      price: fc.integer({ min: 90, max: 110 }),
      size: fc.integer({ min: 1, max: 9 }),
      delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(250) }),
      isLost: fc.boolean(),
    }),
    { minLength: 1, maxLength: 250 },
  )
  .map((given) => {
    let [at, volume] = [T0, 5000];
    return given
      .map(({ pause, price, size, delay, isLost }, i) => {
        at += pause;
        volume += size;
        return { at, price, size, volume, isLost, place: i + delay };
      })
      .filter(({ isLost }) => !isLost)
      .toSorted((a, b) => a.place - b.place);
  });

/** Gives ticks to a builder as the pipeline does. */
function built(told: readonly Told[], tickOf: (told: Told) => Tick): CandleBuilder {
  const builder = new CandleBuilder();
  let newest = -Infinity;
  for (const one of told) {
    const tick = tickOf(one);
    if (one.at < newest) builder.late(tick);
    else builder.accepted(tick, tick.volume);
    newest = Math.max(newest, one.at);
  }
  return builder;
}

/** The same by sorting, from the trades that count. */
function expected(
  told: readonly Told[],
  interval: CandleInterval,
  sizeOf: (told: Told, before: Told) => number,
): object[] {
  const [first] = told;
  if (first === undefined) return [];
  let newest = first.at;
  const counted = told.filter(({ at }, i) => {
    const counts = i > 0 && at > first.at && at > newest - 300_000;
    newest = Math.max(newest, at);
    return counts;
  });
  const sorted = counted.toSorted((a, b) => a.at - b.at);
  const step = CANDLE_INTERVALS[interval];
  const groups = new Map<number, [number, Told][]>();
  for (const [i, trade] of sorted.entries()) {
    const start = Math.floor(trade.at / step) * step;
    groups.set(start, [...(groups.get(start) ?? []), [i, trade]]);
  }
  return [...groups].map(([start, entries]) => {
    const prices = entries.map(([, { price }]) => price);
    return {
      time: new Date(start).toISOString(),
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1),
      volume: entries.reduce((sum, [i, trade]) => sum + sizeOf(trade, sorted[i - 1] ?? first), 0),
    };
  });
}

const values = (builder: CandleBuilder, interval: CandleInterval): object[] =>
  builder.last(interval, Infinity).map(({ final: _final, corrected: _corrected, ...rest }) => rest);

describe('whatever the order in which trades are told, candles are those of the sorted trades', () => {
  it('with the volume of the differences between counts of the day', () => {
    fc.assert(
      fc.property(trades, (told) => {
        const builder = built(told, ({ at, price, volume }) => aTick({ eventTime: at, receivedAt: at, price, volume }));
        for (const interval of INTERVALS) {
          const sizeOf = (trade: Told, before: Told): number => trade.volume - before.volume;
          expect(values(builder, interval)).toEqual(expected(told, interval, sizeOf));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('with the volume of the sizes, where the vendor counts none', () => {
    fc.assert(
      fc.property(trades, (told) => {
        const builder = built(told, ({ at, price, size }) =>
          aTick({ eventTime: at, receivedAt: at, price, lastSize: size }),
        );
        for (const interval of INTERVALS) {
          expect(values(builder, interval)).toEqual(expected(told, interval, ({ size }) => size));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('and what was sent piece by piece comes to the same as what is there at the end', () => {
    fc.assert(
      fc.property(trades, fc.infiniteStream(fc.nat(3)), (told, chance) => {
        const sent = new Map<string, object>();
        const builder = new CandleBuilder();
        let newest = -Infinity;
        for (const { at, price, volume } of told) {
          const tick = aTick({ eventTime: at, receivedAt: Math.max(at, newest), price, volume });
          if (at < newest) builder.late(tick);
          else builder.accepted(tick, volume);
          newest = Math.max(newest, at);
          const what = chance.next().value;
          if (what === 0) builder.finish(newest);
          if (what <= 1) for (const candle of builder.takeChanged('1s')) sent.set(candle.time, candle);
        }
        for (const candle of builder.takeChanged('1s')) sent.set(candle.time, candle);
        expect([...sent.values()].toSorted(byTime)).toEqual(builder.last('1s', Infinity));
      }),
    );
  });
});

function byTime(a: object, b: object): number {
  return (a as { time: string }).time < (b as { time: string }).time ? -1 : 1;
}

const START = Math.floor(T0 / 60_000) * 60_000;
const tickAt = (ms: number, price: number, volume: number, given: Partial<Tick> = {}): Tick =>
  aTick({ eventTime: START + ms, receivedAt: START + ms, price, volume, ...given });
const accept = (builder: CandleBuilder, ...ticks: Tick[]): void => {
  for (const tick of ticks) builder.accepted(tick, tick.volume);
};

describe('a candle', () => {
  it('is final two seconds after its interval, and not before', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(100, 101, 15));
    builder.finish(START + 2999);
    expect(builder.takeChanged('1s')).toMatchObject([{ final: false }]);
    builder.finish(START + 3000);
    expect(builder.takeChanged('1s')).toMatchObject([{ final: true, corrected: false, volume: 5 }]);
    expect(builder.takeChanged('1m')).toMatchObject([{ final: false }]);
    builder.finish(START + 62_000);
    expect(builder.takeChanged('1m')).toMatchObject([{ final: true }]);
    expect(builder.hasChanged).toBe(false);
  });

  it('is corrected by a late trade together with the one behind, which had its volume', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(100, 101, 15), tickAt(4100, 103, 40), tickAt(5100, 102, 41));
    builder.finish(START + 9000);
    builder.takeChanged('1s');
    builder.late(tickAt(900, 99, 30));
    expect(builder.takeChanged('1s')).toMatchObject([
      { low: 99, close: 99, volume: 20, final: true, corrected: true },
      { open: 103, volume: 10, final: true, corrected: true },
    ]);
    expect(builder.last('1s', 1)).toMatchObject([{ volume: 1, corrected: false }]);
  });

  it('is made by a late trade where there was none, and is final at once between final ones', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(100, 101, 15), tickAt(4100, 103, 40));
    builder.finish(START + 9000);
    builder.takeChanged('1s');
    builder.late(tickAt(2500, 99, 30));
    const [made] = builder.takeChanged('1s');
    expect(made).toEqual({
      time: new Date(START + 2000).toISOString(),
      open: 99,
      high: 99,
      low: 99,
      close: 99,
      volume: 15,
      final: true,
      corrected: true,
    });
  });

  it('does not count a late tick whose count fits nowhere, nor one older than five minutes', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(100, 101, 15), tickAt(4100, 103, 40), tickAt(300_200, 104, 50));
    const before = builder.last('1s', 9);
    for (const late of [tickAt(3000, 90, 15), tickAt(3000, 90, 40), tickAt(150, 90, 20)]) builder.late(late);
    builder.late(tickAt(4200, 90, 45, { vendor: 'other' }));
    expect(builder.last('1s', 9)).toEqual(before);
    builder.late(tickAt(300, 90, 20));
    expect(builder.last('1s', 9)).not.toEqual(before);
  });

  it('is not invented by ticks without a trade: quotes, repeated counts, the first tick of a vendor', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(1000, 100, 10), tickAt(2000, 101, 10));
    builder.accepted(aTick({ eventTime: START + 3000, bid: 99 }), undefined);
    accept(builder, tickAt(4000, 105, 90_000, { vendor: 'other' }));
    expect(builder.last('1s', 9)).toEqual([]);
    accept(builder, tickAt(5000, 106, 90_003, { vendor: 'other' }));
    expect(builder.last('1s', 9)).toMatchObject([{ open: 106, volume: 3 }]);
  });

  it('does not get the volume of a day that begins anew', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 5000), tickAt(1000, 101, 5004), tickAt(2000, 99, 700), tickAt(3000, 98, 702));
    expect(builder.last('1s', 9).map(({ volume }) => volume)).toEqual([4, 2]);
  });

  it('waits longer where the vendor tells everything late', () => {
    const builder = new CandleBuilder();
    const delay = 15 * 60_000;
    for (const [ms, volume] of [
      [0, 10],
      [100, 12],
    ] as const)
      accept(builder, tickAt(ms, 100, volume, { receivedAt: START + ms + delay }));
    builder.finish(START + delay + 2999);
    expect(builder.last('1s', 1)).toMatchObject([{ final: false }]);
    builder.finish(START + delay + 3000);
    expect(builder.last('1s', 1)).toMatchObject([{ final: true }]);
  });

  it('begins with the minute of the exchange', () => {
    const builder = new CandleBuilder();
    accept(builder, tickAt(0, 100, 10), tickAt(75_000, 101, 15));
    const [candle] = builder.last('1m', 1);
    for (const exchange of ['NSE', 'NASDAQ']) {
      expect((Date.parse(candle!.time) + utcOffsetMs(exchange)) % 60_000).toBe(0);
    }
    expect(Date.parse(candle!.time)).toBe(START + 60_000);
  });

  it('is forgotten when there are too many, with its volume', () => {
    const builder = new CandleBuilder();
    for (let i = 0; i <= KEPT_CANDLES + 20; i++) accept(builder, tickAt(i * 1000, 100, 10 + i * 3));
    const kept = builder.last('1s', Infinity);
    expect(kept).toHaveLength(KEPT_CANDLES);
    expect(kept[0]).toMatchObject({ time: new Date(START + 21_000).toISOString(), volume: 3 });
  });
});
