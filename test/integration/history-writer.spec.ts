import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { History } from '#history';
import { aFolder, aHistory, aTick, eventually, stateOf, TEN } from '../support/a-history.js';

// engines are started again and again
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: Awaited<ReturnType<typeof aFolder>>;
let history: History;
const sbin = stateOf('NSE:SBIN');

beforeEach(async () => {
  folder = await aFolder();
  history = await aHistory(folder.path);
});

afterEach(async () => {
  await history.close();
  await folder.remove();
});

async function one<T>(sql: string): Promise<T> {
  return (await history.engine.rows<T>(sql))[0] as T;
}

const count = async (): Promise<number> => (await one<{ n: number }>('SELECT count() AS n FROM tickwire.ticks')).n;

function stop(signal: NodeJS.Signals): void {
  process.kill(history.engine.pid as number, signal);
}

it('stores what a tick carried, and NULL for what it did not', async () => {
  const { writer } = history;
  writer.accepted(aTick(TEN, { price: 800, volume: 1000, bid: 799.95, bidSize: 40 }), 1000, sbin);
  writer.accepted(aTick(TEN + 7, { price: 800.05, volume: 1010, ask: 800.1, askSize: 7, openInterest: 3 }), 1010, sbin);
  writer.accepted(aTick(TEN + 9, { bid: 799.9 }), undefined, sbin);
  await writer.settle();
  const rows = await history.engine.rows('SELECT * FROM tickwire.ticks ORDER BY time');
  const none = { price: null, size: null, volume: null, bid: null, ask: null };
  const more = { bid_size: null, ask_size: null, open_interest: null, late: 0, arrival: 0 };
  const base = { symbol: 'NSE:SBIN', vendor: 'upstox', ...none, ...more };
  expect(rows).toEqual([
    {
      ...base,
      time: '2026-11-20 04:30:00.000',
      received: '2026-11-20 04:30:00.005',
      price: 800,
      volume: 1000,
      bid: 799.95,
      bid_size: 40,
    },
    {
      ...base,
      time: '2026-11-20 04:30:00.007',
      received: '2026-11-20 04:30:00.012',
      price: 800.05,
      volume: 1010,
      size: 10,
      ask: 800.1,
      ask_size: 7,
      open_interest: 3,
    },
    { ...base, time: '2026-11-20 04:30:00.009', received: '2026-11-20 04:30:00.014', bid: 799.9 },
  ]);
});

it('makes no candle of quotes, and candles of trades as they come', async () => {
  const { writer } = history;
  writer.accepted(aTick(TEN, { price: 800, volume: 1000 }), 1000, sbin);
  await writer.settle();
  writer.accepted(aTick(TEN + 500, { bid: 1 }), undefined, sbin);
  await writer.settle();
  expect(await history.engine.rows('SELECT * FROM tickwire.candles_1m')).toEqual([]);
  writer.accepted(aTick(TEN + 1000, { price: 801, volume: 1010 }), 1010, sbin);
  await writer.settle();
  writer.accepted(aTick(TEN + 2000, { price: 799, volume: 1030 }), 1030, sbin);
  writer.accepted(aTick(TEN + 61_000, { price: 803, volume: 1031 }), 1031, sbin);
  await writer.settle();
  const minute = { symbol: 'NSE:SBIN', corrected: 0 };
  expect(await history.engine.rows('SELECT * FROM tickwire.candles_1m ORDER BY time')).toEqual([
    { ...minute, time: '2026-11-20 04:30:00', open: 801, high: 801, low: 799, close: 799, volume: 30, trades: 2 },
    { ...minute, time: '2026-11-20 04:31:00', open: 803, high: 803, low: 803, close: 803, volume: 1, trades: 1 },
  ]);
});

it('puts a late trade where it belongs, in price and in volume', async () => {
  const { writer } = history;
  writer.accepted(aTick(TEN, { price: 800, volume: 1000 }), 1000, sbin);
  writer.accepted(aTick(TEN + 10_000, { price: 801, volume: 1010 }), 1010, sbin);
  writer.accepted(aTick(TEN + 70_000, { price: 802, volume: 1050 }), 1050, sbin);
  await writer.settle();
  // 25 of the 40 had been traded in the minute before
  writer.late(aTick(TEN + 50_000, { price: 790, volume: 1035, receivedAt: TEN + 71_000 }), sbin);
  // told again: that is no trade
  writer.late(aTick(TEN + 50_000, { price: 790, volume: 1035, receivedAt: TEN + 72_000 }), sbin);
  await writer.settle();
  const candle = { symbol: 'NSE:SBIN', corrected: 1 };
  const expected = [
    { ...candle, time: '2026-11-20 04:30:00', open: 801, high: 801, low: 790, close: 790, volume: 35, trades: 2 },
    { ...candle, time: '2026-11-20 04:31:00', open: 802, high: 802, low: 802, close: 802, volume: 15, trades: 1 },
  ];
  expect(await history.engine.rows('SELECT * FROM tickwire.candles_1m ORDER BY time')).toEqual(expected);
  const seconds = 'SELECT time, close, volume FROM tickwire.candles_1s ORDER BY time';
  expect(await history.engine.rows(seconds)).toEqual([
    { time: '2026-11-20 04:30:10', close: 801, volume: 10 },
    { time: '2026-11-20 04:30:50', close: 790, volume: 25 },
    { time: '2026-11-20 04:31:10', close: 802, volume: 15 },
  ]);
  expect(await one('SELECT sum(size) AS size, sum(late) AS late FROM tickwire.ticks')).toEqual({ size: 50, late: 2 });
});

it('keeps the order of ticks of one millisecond', async () => {
  const { writer } = history;
  for (const [n, price] of [5, 9, 2, 7].entries())
    writer.accepted(aTick(TEN, { price, volume: 100 + n, receivedAt: TEN + 1 }), 100 + n, sbin);
  await writer.settle();
  expect(await one('SELECT open, close FROM tickwire.candles_1m')).toEqual({ open: 9, close: 7 });
});

it('loses and doubles nothing when the engine is killed again and again', async () => {
  const { writer, engine } = history;
  let told = 0;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20_000; i++, told++) writer.accepted(aTick(TEN + told, { price: 1, volume: told }), told, sbin);
    writer.flush();
    await new Promise((resolve) => setTimeout(resolve, round * 12));
    stop('SIGKILL');
    await eventually(() => engine.state === 'away');
    expect(history.health.report().state).toBe('down');
    await engine.ready();
    await eventually(() => engine.state === 'up');
  }
  await eventually(async () => history.health.report()['waitingBytes'] === 0 && (await count()) >= told);
  expect(await one('SELECT count() AS n, uniqExact(time) AS times, sum(size) AS size FROM tickwire.ticks')).toEqual({
    n: told,
    times: told,
    size: told - 1,
  });
  expect(await one('SELECT sum(volume) AS volume, sum(trades) AS trades FROM tickwire.candles_1m')).toEqual({
    volume: told - 1,
    trades: told - 1,
  });
  expect(history.health.report()).toMatchObject({ state: 'up', lostRows: 0 });
});

it('spills while the engine hangs, and reads all of it back', async () => {
  await history.close();
  history = await aHistory(folder.path, { HISTORY_BUFFER_BYTES: '1048576' });
  stop('SIGSTOP');
  let told = 0;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 5000; i++, told++) history.writer.accepted(aTick(TEN + told, { price: 1 }), undefined, sbin);
    history.writer.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() => Number(history.health.report()['spillBytes']) > 1_000_000);
  expect(history.health.report()).toMatchObject({ state: 'degraded', lostRows: 0 });
  stop('SIGCONT');
  await eventually(async () => (await count()) === told);
  await eventually(() => history.health.report().state === 'up');
});

it('counts what has no room and says so, and stores the rest', async () => {
  await history.close();
  history = await aHistory(folder.path, { HISTORY_BUFFER_BYTES: '1048576', HISTORY_SPILL_BYTES: '1048576' });
  stop('SIGSTOP');
  let told = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 5000; i++, told++) history.writer.accepted(aTick(TEN + told, { price: 1 }), undefined, sbin);
    history.writer.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(() => history.health.report().state === 'down');
  const { lostRows, waitingBytes } = history.health.report();
  expect(lostRows).toBeGreaterThan(0);
  expect(waitingBytes).toBeLessThan(4 * 1_048_576);
  stop('SIGCONT');
  await eventually(async () => (await count()) === told - Number(history.health.report()['lostRows']));
});

it('finds at the next start what was kept, also where the file was cut short', async () => {
  await history.close();
  history = await aHistory(folder.path, { HISTORY_BUFFER_BYTES: '16777216' });
  stop('SIGSTOP');
  for (let i = 0; i < 30_000; i++) {
    history.writer.accepted(aTick(TEN + i, { price: 1 }), undefined, sbin);
    if (i % 1000 === 999) history.writer.flush();
  }
  await history.close();
  const waiting = join(folder.path, 'waiting');
  const last = join(
    waiting,
    readdirSync(waiting)
      .filter((name) => name.endsWith('.spill'))
      .toSorted()
      .at(-1) as string,
  );
  truncateSync(last, statSync(last).size - 10);
  history = await aHistory(folder.path);
  await eventually(async () => (await count()) === 29_000);
  // what was cut is lost, and how much is known from its size only
  await eventually(() => history.health.report()['spillBytes'] === 0);
  expect(history.health.report().state).toBe('down');
  expect(history.health.report()['lostRows']).toBeGreaterThan(100);
  expect(readdirSync(waiting).filter((name) => name.endsWith('.spill'))).toEqual([]);
});
