import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CandleBuilder, HISTORY_INTERVALS, type HistoryInterval } from '#candles';
import { type Clock, ExchangeCalendar, parseHolidaysCsv } from '#domain';
import { CandleBase, CandleRepository, TickRepository } from '#history';
import { ManualClock } from '../support/manual-clock.js';
import { HistoryBench, type ToldTick } from '../support/history-bench.js';
import { aTick } from '../support/ticks.js';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const INDIA = 330 * MINUTE;
/** Midnight of Thursday, 19 November 2026, in India; Friday follows, then a weekend. */
const THURSDAY = Date.parse('2026-11-19T00:00:00+05:30');
const calendar = new ExchangeCalendar(parseHolidaysCsv(readFileSync('data/holidays.csv', 'utf8')));
const clock = new ManualClock(THURSDAY + 3 * DAY);

let bench: HistoryBench;
let candles: CandleRepository;
let ticks: TickRepository;

const repository = (now: Clock): CandleRepository =>
  new CandleRepository(new CandleBase(bench.history.engine), calendar, now, () => bench.history.writer.settle());

beforeAll(async () => {
  bench = await HistoryBench.start();
  candles = repository(clock);
  ticks = new TickRepository(bench.history.engine, () => bench.history.writer.settle());
});
afterAll(() => bench.stop());

interface Trade {
  readonly time: number;
  readonly price: number;
  readonly amount: number;
}

/** A day's trades of a vendor that counts: some told late by a few places, some twice, some never. */
const counting = fc
  .array(
    fc.record({
      pause: fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: 1, max: 4000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 * MINUTE }) },
      ),
      price: fc.integer({ min: 90, max: 110 }),
      size: fc.integer({ min: 1, max: 9 }),
      delay: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
      told: fc.constantFrom(1, 1, 1, 1, 2, 0),
    }),
    { minLength: 3, maxLength: 200 },
  )
  .map((given) => {
    let [time, volume] = [THURSDAY + 538 * MINUTE, 5000];
    const all = given.map(({ pause, price, size, delay, told }, i) => {
      time += pause;
      volume += size;
      // the first two say where counting starts
      return { time, price, volume, place: i < 2 ? i - 100 : i + delay, told: i < 2 ? 1 : told };
    });
    return all.flatMap((one) => Array.from({ length: one.told }, () => one)).toSorted((a, b) => a.place - b.place);
  });

type Counted = typeof counting extends fc.Arbitrary<infer T> ? T : never;

/** As the pipeline tells them: what is older than the newest comes late. */
function toldInOrder(given: Counted): ToldTick[] {
  let newest = -Infinity;
  return given.map(({ time, price, volume }) => {
    const late = time < newest;
    newest = Math.max(newest, time);
    return { tick: aTick({ eventTime: time, receivedAt: newest, price, volume }), late };
  });
}

/** The trades among them, by sorting. What was told more than five minutes late does not count. */
function tradesOf(given: Counted): Trade[] {
  const [first] = given;
  if (first === undefined) return [];
  let newest = first.time;
  const known = new Map<number, Counted[number]>();
  for (const one of given) {
    if (one.time > first.time && one.time > newest - 5 * MINUTE) known.set(one.time, one);
    newest = Math.max(newest, one.time);
  }
  const sorted = [...known.values()].toSorted((a, b) => a.time - b.time);
  return sorted.map(({ time, price, volume }, i) => ({
    time,
    price,
    amount: volume - (sorted[i - 1] ?? first).volume,
  }));
}

/** Candles of NSE's hours from trades, by arithmetic with India's clock. */
function expected(trades: readonly Trade[], interval: HistoryInterval): object[] {
  const step = HISTORY_INTERVALS[interval];
  const groups = new Map<number, Trade[]>();
  for (const trade of trades) {
    const midnight = Math.floor((trade.time + INDIA) / DAY) * DAY - INDIA;
    const minute = (trade.time - midnight) / MINUTE;
    if (minute < 540 || minute >= 930) continue;
    const opens = midnight + 555 * MINUTE;
    const at = Math.max(trade.time, opens);
    const start = Math.max(opens, midnight + Math.floor((at - midnight) / step) * step);
    groups.set(start, [...(groups.get(start) ?? []), trade]);
  }
  return [...groups].map(([start, group]) => {
    const prices = group.map(({ price }) => price);
    return {
      time: new Date(start).toISOString(),
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1),
      volume: group.reduce((sum, { amount }) => sum + amount, 0),
    };
  });
}

const bare = (found: readonly object[]): object[] =>
  found.map((candle) => {
    const { time, open, high, low, close, volume } = candle as Record<string, unknown>;
    return { time, open, high, low, close, volume };
  });

const INTERVALS = Object.keys(HISTORY_INTERVALS) as HistoryInterval[];

describe('candles are those of the trades among the ticks', () => {
  it('for every interval, whatever came late, twice or never', async () => {
    await fc.assert(
      fc.asyncProperty(counting, async (given) => {
        const symbol = await bench.write(toldInOrder(given));
        const trades = tradesOf(given);
        for (const interval of INTERVALS) {
          const { candles: found } = await candles.candles({ symbol, interval, limit: 5000 });
          expect(bare(found), interval).toEqual(expected(trades, interval));
        }
      }),
      { numRuns: 15, endOnFailure: true, seed: 20_261_119 },
    );
  });

  it('and the same as those built live, with vendors in turns, counts that fall and days that begin anew', async () => {
    const vendors = ['counts', 'sizes', 'counts-too'];
    const given = fc.sample(
      fc.record({
        pause: fc.nat(9000),
        price: fc.integer({ min: 90, max: 110 }),
        size: fc.nat(5),
        switches: fc.nat(60),
        falls: fc.nat(50),
        counts: fc.nat(10),
      }),
      { numRuns: 3000, seed: 7 },
    );
    const builder = new CandleBuilder();
    let [time, volume, vendor] = [THURSDAY + 555 * MINUTE, 9000, 0];
    const told = given.map(({ pause, price, size, switches, falls, counts }, i): ToldTick => {
      time += i === 1500 ? DAY - 1500 * 4000 : pause;
      if (i === 1500) volume = 0;
      if (switches === 0) vendor = (vendor + 1) % 3;
      volume += falls === 0 ? -300 : size;
      const isSized = vendor === 1;
      const sized = { lastSize: isSized ? size : undefined, volume: isSized || counts === 0 ? undefined : volume };
      const tick = aTick({ eventTime: time, receivedAt: time, vendor: vendors[vendor] as string, price, ...sized });
      builder.accepted(tick, tick.volume);
      return { tick, late: false };
    });
    const symbol = await bench.write(told);
    const { candles: found } = await candles.candles({ symbol, interval: '1m', limit: 300 });
    expect(found.length).toBeGreaterThan(190);
    expect(bare(found)).toEqual(bare(builder.last('1m', 300)));
  });
});

/** Ticks of one vendor that counts, in order; times are the exchange's clock on Friday. */
function counted(
  rows: readonly (readonly [clock: string, price: number, count: number])[],
  date = '2026-11-20',
): ToldTick[] {
  return rows.map(([shown, price, volume]) => {
    const eventTime = Date.parse(`${date}T${shown}+05:30`);
    return { tick: aTick({ eventTime, receivedAt: eventTime + 20, price, volume }), late: false };
  });
}

const at = (text: string): number => Date.parse(`2026-11-20T${text}+05:30`);

describe('of a trading day', () => {
  const FRIDAY = counted([
    ['09:00:01', 99, 0],
    ['09:07:30', 100, 500],
    ['09:15:00.200', 101, 520],
    ['09:59:59.999', 102, 530],
    ['10:00:00', 103, 540],
    ['15:29:59.900', 104, 550],
    ['15:30:00', 105, 560],
    ['15:45:00', 104, 900],
  ]);

  it('an hour is counted from midnight, the first from the opening, with the auction that makes it', async () => {
    const symbol = await bench.write(FRIDAY);
    const { candles: found } = await candles.candles({ symbol, interval: '1h', limit: 10 });
    expect(found.map(({ time, open, close, volume }) => [time, open, close, volume])).toEqual([
      [new Date(at('09:15')).toISOString(), 100, 102, 530],
      [new Date(at('10:00')).toISOString(), 103, 103, 10],
      [new Date(at('15:00')).toISOString(), 104, 104, 10],
    ]);
    expect(found.every(({ final }) => final)).toBe(true);
  });

  it('charts have hours counted from the opening', async () => {
    const symbol = await bench.write(FRIDAY);
    const asked = { symbol, interval: '1h', limit: 10, countedFrom: 'opening' } as const;
    const { candles: found } = await candles.candles(asked);
    expect(found.map(({ time, volume }) => [time, volume])).toEqual([
      [new Date(at('09:15')).toISOString(), 540],
      [new Date(at('15:15')).toISOString(), 10],
    ]);
  });

  it('what is traded outside its hours is left out, or marked', async () => {
    const symbol = await bench.write(FRIDAY);
    const asked = { symbol, limit: 10 } as const;
    const day = await candles.candles({ ...asked, interval: '1d' });
    expect(day.candles).toMatchObject([
      { open: 100, close: 104, volume: 550, time: new Date(at('09:15')).toISOString() },
    ]);
    const all = await candles.candles({ ...asked, interval: '15m', hours: 'all' });
    expect(all.candles.map(({ time, outside = false }) => [time, outside])).toEqual([
      [new Date(at('09:00')).toISOString(), true],
      [new Date(at('09:15')).toISOString(), false],
      [new Date(at('09:45')).toISOString(), false],
      [new Date(at('10:00')).toISOString(), false],
      [new Date(at('15:15')).toISOString(), false],
      [new Date(at('15:30')).toISOString(), true],
      [new Date(at('15:45')).toISOString(), true],
    ]);
  });

  it('silent intervals have no candle, or a flat one that says so, and closed hours never have', async () => {
    const before = counted(
      [
        ['15:00:00', 90, 10],
        ['15:00:01', 91, 11],
      ],
      '2026-11-19',
    );
    const symbol = await bench.write(before, FRIDAY);
    const asked = { symbol, interval: '15m', from: at('09:00'), to: at('23:00'), limit: 100 } as const;
    const { candles: found } = await candles.candles({ ...asked, fill: 'previous' });
    expect(found).toHaveLength(25);
    expect(found[1]).toMatchObject({ open: 101, high: 101, close: 101, volume: 0, filled: true });
    expect(found.filter(({ filled }) => filled === undefined)).toEqual((await candles.candles(asked)).candles);
    const monday = await candles.candles({
      ...asked,
      from: at('09:00') + 3 * DAY,
      to: at('09:45') + 3 * DAY,
      fill: 'previous',
    });
    expect(monday.candles).toEqual([]);
  });

  it('a silent interval has the close of the hours before, not a price from after hours', async () => {
    const before = counted(
      [
        ['15:00:00', 90, 10],
        ['15:00:01', 91, 11],
        ['15:45:00', 95, 20],
      ],
      '2026-11-19',
    );
    const symbol = await bench.write(before);
    const asked = { symbol, interval: '15m', fill: 'previous', from: at('09:00'), to: at('10:00'), limit: 9 } as const;
    expect((await candles.candles(asked)).candles.map(({ close }) => close)).toEqual([91, 91, 91]);
    const all = await candles.candles({ ...asked, hours: 'all' });
    expect(all.candles.map(({ close }) => close)).toEqual([95, 95, 95]);
  });

  it('nothing is over, or silent, that a vendor with a delay has not told yet', async () => {
    const told = [1000, 1010, 1020].map((volume, i): ToldTick => {
      const eventTime = at('10:00:30') + i * 1000;
      return { tick: aTick({ eventTime, receivedAt: eventTime + 15 * MINUTE, price: 100, volume }), late: false };
    });
    const symbol = await bench.write(told);
    const during = repository(new ManualClock(at('10:15:33')));
    const asked = { symbol, interval: '1m', limit: 3 } as const;
    expect((await during.candles(asked)).candles).toMatchObject([{ final: false }]);
    expect((await during.candles({ ...asked, fill: 'previous' })).candles).toMatchObject([{ volume: 20 }]);
    const later = repository(new ManualClock(at('10:16:03')));
    expect((await later.candles(asked)).candles).toMatchObject([{ final: true }]);
  });

  it('a page goes on where the one before ended, and without a beginning the newest are meant', async () => {
    const symbol = await bench.write(FRIDAY);
    const asked = { symbol, interval: '1m', to: at('15:30') } as const;
    const all = (await candles.candles({ ...asked, from: at('00:00') - 400 * DAY, limit: 100 })).candles;
    const pages: object[] = [];
    for (let from: number | undefined = at('00:00'); from !== undefined;) {
      const page = await candles.candles({ ...asked, from, limit: 2 });
      pages.push(...page.candles);
      from = page.next;
    }
    expect(pages).toEqual(all);
    expect(pages).toHaveLength(4);
    expect((await candles.candles({ ...asked, limit: 2 })).candles).toEqual(all.slice(-2));
  });

  it('the candle under way is not final, and one with a late trade is corrected', async () => {
    const told = counted([
      ['09:15:00', 101, 510],
      ['09:15:10', 101, 520],
      ['09:17:00', 102, 530],
    ]);
    const late = counted([['09:15:30', 95, 525]]).map(({ tick }) => ({ tick, late: true }));
    const symbol = await bench.write(told, late);
    const now = new ManualClock(at('09:17:00') + 500);
    const during = repository(now);
    const { candles: found } = await during.candles({ symbol, interval: '1m', limit: 9 });
    expect(found).toMatchObject([
      { low: 95, close: 95, volume: 15, corrected: true, final: true },
      { volume: 5, final: false },
    ]);
  });
});

describe('ticks', () => {
  const told = Array.from({ length: 25 }, (_, i): ToldTick => {
    // several at one time, and several of them that came together
    const eventTime = at('10:00') + Math.floor(i / 10) * 1000;
    const receivedAt = eventTime + Math.floor(i / 4);
    return { tick: aTick({ eventTime, receivedAt, price: 100 + i, lastSize: i + 1 }), late: i === 3 };
  });

  it('come page by page, each once, in the order they happened', async () => {
    const symbol = await bench.write(told);
    const asked = { symbol, from: at('10:00'), to: at('11:00'), limit: 3 };
    const prices: (number | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await ticks.ticks({ ...asked, cursor });
      const table = await ticks.table({ ...asked, cursor }, 'CSVWithNames');
      expect(table.cursor).toBe(page.cursor);
      expect(table.bytes.toString().trim().split('\n').slice(1)).toHaveLength(page.ticks.length);
      prices.push(...page.ticks.map(({ price }) => price));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(prices).toEqual(told.map(({ tick }) => tick.price));
    const refused = { code: 'INVALID_MESSAGE' };
    await expect(ticks.ticks({ ...asked, cursor: 'bm8' })).rejects.toMatchObject(refused);
    const { cursor: own } = await ticks.ticks(asked);
    await expect(ticks.ticks({ ...asked, symbol: 'NSE:TCS', cursor: own })).rejects.toMatchObject(refused);
  });

  it('have nothing in CSV where the vendor told nothing', async () => {
    const symbol = await bench.write(told.slice(0, 1));
    const asked = { symbol, from: at('10:00'), to: at('11:00'), limit: 1 };
    const { bytes } = await ticks.table(asked, 'CSVWithNames');
    const [, row = ''] = bytes.toString().trim().split('\n');
    expect(row).toMatch(/,100,{8}0$/);
  });

  it('hold what the vendor told and nothing else', async () => {
    const symbol = await bench.write(told.slice(0, 4));
    const { ticks: found } = await ticks.ticks({ symbol, from: at('09:00'), to: at('11:00'), limit: 10 });
    const time = '2026-11-20T04:30:00.000Z';
    expect(found[2]).toEqual({ time, received: time, source: 'v', price: 102, size: 3 });
    expect(found[3]).toMatchObject({ price: 103, late: true });
    // where counting starts is no trade
    expect(found[0]).toEqual({ time, received: time, source: 'v', price: 100 });
  });
});

it('candles and ticks are tables for readers of Arrow', async () => {
  const symbol = await bench.write(
    counted([
      ['10:00:00', 100, 10],
      ['10:00:01', 101, 14],
      ['10:01:00', 102, 15],
    ]),
  );
  const { candles: found } = await candles.candles({ symbol, interval: '1m', limit: 5 });
  const table = tableFromIPC(await candles.arrow(symbol, found));
  expect(table.numRows).toBe(2);
  expect(Array.from(table.getChild('volume') ?? [])).toEqual([4, 1]);
  expect(Array.from(table.getChild('time') ?? []).map(Number)).toEqual(found.map(({ time }) => Date.parse(time)));
  const { bytes } = await ticks.table({ symbol, from: at('09:00'), to: at('11:00'), limit: 10 }, 'ArrowStream');
  expect(Array.from(tableFromIPC(bytes).getChild('price') ?? [])).toEqual([100, 101, 102]);
});
