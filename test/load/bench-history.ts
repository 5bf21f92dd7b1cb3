import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LastValueStore, type QuoteState } from '#cache';
import {
  Epoch,
  type Instrument,
  InstrumentMaster,
  readEnv,
  silentLog,
  silentMeter,
  systemClock,
  tick,
  type Tick,
} from '#domain';
import { Arrivals, QuotePipeline, Rejections } from '#fetcher';
import { createHistory, type History, HistoryConfig } from '#history';
import { Conflator } from '#subscription';
import { anInstrument } from '../support/instruments.js';
import { rssOf } from './machine.js';
import { BenchMarket } from './market.js';
import { seededRandom } from './random.js';
import { writeReport } from './report-file.js';
import { markdown } from './table.js';
import { symbolOf } from './workload.js';

/**
 * History with the embedded engine: writing, what it costs the tick path, questions, and bytes on the disk.
 * `--ticks 5000000` for the last; ticks come from the market model of the other benchmarks, spread over 1,000 symbols.
 */
const SYMBOLS = 1000;
const SPEED_TICKS = 1_000_000;
const YEAR_MINUTES = 250 * 375;
/** Ticks a second of a busy gateway. */
const PACED = 50_000;
const ROUNDS = 5;
const WAYS = ['without', 'beside', 'recorded'] as const;
type Way = (typeof WAYS)[number];
const WORDS: Record<Way, string> = {
  without: 'without history',
  beside: 'history told beside it',
  recorded: 'with history',
};
const args = process.argv.slice(2);
const SIZE_TICKS = Number(args[args.indexOf('--ticks') + 1] || 5_000_000);

const market = new BenchMarket(SYMBOLS, 7);
const random = seededRandom(11);
const instruments: Instrument[] = Array.from({ length: SYMBOLS }, (_, index) =>
  anInstrument({ id: symbolOf(index), name: `Bench Instrument ${index + 1} Limited` }),
);

interface Told {
  readonly p: number;
  readonly v: number;
  readonly b: number;
  readonly a: number;
  readonly bs: number;
  readonly as: number;
  readonly ls: number;
}

/** 200 ticks a millisecond of receipt at most, 5 to 45 ms after they happened. */
function makeTicks(count: number, from: number): Tick[] {
  let at = from;
  return Array.from({ length: count }, () => {
    const index = Math.floor(random() * SYMBOLS);
    if (random() < 0.2) at++;
    const told = JSON.parse(market.tick(index, at)) as Told;
    const eventTime = at - 5 - Math.floor(random() * 40);
    const { p: price, v: volume, b: bid, a: ask, bs: bidSize, as: askSize, ls: lastSize } = told;
    return tick({
      instrument: symbolOf(index),
      vendor: 'bench',
      receivedAt: at,
      eventTime,
      price,
      volume,
      bid,
      ask,
      bidSize,
      askSize,
      lastSize,
    });
  });
}

interface TickPath {
  readonly tick: (one: Tick) => void;
  /** Tells history of a tick as the path would, and not on it. */
  readonly tell: (one: Tick) => void;
  readonly stop: () => void;
}

/** @param isRecorded whether history is told on the path, as in the server */
function tickPath(history: History | undefined, isRecorded = true): TickPath {
  const store = new LastValueStore(new InstrumentMaster(instruments), new Epoch('bench'));
  const conflator = new Conflator(systemClock, 25, silentMeter);
  conflator.onWindow((moved) => store.advance(moved));
  const limits = { band: 0.4, maxAheadMs: 1e12 };
  const pipeline = new QuotePipeline(
    store,
    conflator,
    new Rejections(systemClock, silentMeter),
    new Arrivals(systemClock),
    limits,
    silentMeter,
  );
  // one order of symbols for all paths, since history knows them by their numbers
  const states = instruments.map(({ id }) => store.peek(id) as QuoteState);
  const byId = new Map(states.map((state) => [state.instrument.id, state]));
  if (history !== undefined && isRecorded) pipeline.record(history.writer);
  return {
    tick: (one) => pipeline.tick(one),
    tell: (one) => history?.writer.accepted(one, one.volume, byId.get(one.instrument) as QuoteState),
    stop: () => conflator.stop(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

interface Cost {
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Ticks in bursts of 200, with a turn of the event loop between, as sockets bring them. Every tenth is measured.
 * @param perSecond 0 for as fast as they can be taken
 * @param isBeside whether history is told of each burst behind it, where nothing is measured: the same load from elsewhere
 */
async function drive(path: TickPath, ticks: readonly Tick[], perSecond = 0, isBeside = false): Promise<Cost> {
  const costs = new Float64Array(Math.ceil(ticks.length / 10));
  const started = performance.now();
  for (let from = 0; from < ticks.length; from += 200) {
    const burst = ticks.slice(from, from + 200);
    for (let i = 0; i < burst.length; i++) {
      if (i % 10 === 0) {
        const before = performance.now();
        path.tick(burst[i] as Tick);
        costs[(from + i) / 10] = (performance.now() - before) * 1000;
      } else path.tick(burst[i] as Tick);
    }
    if (isBeside) for (const one of burst) path.tell(one);
    await turn();
    if (perSecond > 0) while (performance.now() - started < ((from + 200) / perSecond) * 1000) await pause();
  }
  const seconds = (performance.now() - started) / 1000;
  costs.sort();
  const at = (share: number): number => costs[Math.min(costs.length - 1, Math.floor(costs.length * share))] as number;
  return { seconds, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Medians of rounds that take turns, so that what else the machine does meets all of them. */
async function compare(history: History, ticks: readonly Tick[], perSecond: number): Promise<Record<Way, Cost>> {
  const rounds: Record<Way, Cost[]> = { without: [], beside: [], recorded: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) {
      const path = tickPath(way === 'without' ? undefined : history, way === 'recorded');
      rounds[way].push(await drive(path, ticks, perSecond, way === 'beside'));
      path.stop();
      await history.writer.settle();
      await history.writer.settle();
    }
  }
  const median = (costs: readonly Cost[], of: keyof Cost): number =>
    costs.map((cost) => cost[of]).toSorted((a, b) => a - b)[Math.floor(costs.length / 2)] as number;
  const medians = (costs: readonly Cost[]): Cost => ({
    seconds: median(costs, 'seconds'),
    p50: median(costs, 'p50'),
    p99: median(costs, 'p99'),
    max: median(costs, 'max'),
  });
  return {
    without: medians(rounds.without),
    beside: medians(rounds.beside),
    recorded: medians(rounds.recorded),
  };
}

async function best(rounds: number, task: () => Promise<unknown>): Promise<number> {
  let fastest = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await task();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

async function stored(history: History, rows: number): Promise<void> {
  for (;;) {
    await history.writer.settle();
    const { storedRows, lostRows } = history.health.report();
    if (Number(storedRows) + Number(lostRows) >= rows) return;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tickwire-bench-'));
const lines: [string, string, string][] = [];
function say(what: string, measured: string, goal = ''): void {
  lines.push([what, measured, goal]);
  console.log(`${what}: ${measured}${goal === '' ? '' : ` (${goal})`}`);
}
const verdict = (met: boolean, goal: string): string => `goal ${goal}: ${met ? 'met' : 'MISSED'}`;

/** The tick path with and without history, in a folder that nothing else is measured in. */
async function comparePaths(ticks: readonly Tick[]): Promise<void> {
  const config = readEnv(HistoryConfig, { HISTORY: 'embedded', HISTORY_DIR: join(folder, 'compared') });
  const history = createHistory(config, true, systemClock, silentLog, silentMeter) as History;
  await history.engine.ready();
  for (const perSecond of [PACED, 0]) {
    const costs = await compare(history, ticks, perSecond);
    const pace = perSecond === 0 ? 'at full speed' : `at ${perSecond.toLocaleString('en')} ticks/s`;
    for (const way of WAYS) {
      const { p50, p99, max } = costs[way];
      say(`tick path ${pace}, ${WORDS[way]}`, `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, max ${max.toFixed(0)} us`);
    }
  }
  await history.close();
}

try {
  const config = readEnv(HistoryConfig, { HISTORY: 'embedded', HISTORY_DIR: folder });
  const history = createHistory(config, true, systemClock, silentLog, silentMeter);
  if (history === undefined) throw new Error('there is no embedded engine here');
  const { engine } = history;
  await engine.ready();
  const start = Date.parse('2026-11-20T03:45:00Z');

  const ticks = makeTicks(SPEED_TICKS, start);
  const warm = tickPath(undefined);
  await drive(warm, ticks.slice(0, 200_000));
  warm.stop();
  const began = performance.now();
  const recording = tickPath(history);
  await drive(recording, ticks);
  recording.stop();
  await stored(history, SPEED_TICKS);
  const rate = SPEED_TICKS / ((performance.now() - began) / 1000);
  say(
    '1,000,000 ticks written, ticks/s until all are stored',
    Math.round(rate).toLocaleString('en'),
    verdict(rate >= 200_000, '>= 200,000'),
  );
  say('lost of them', String(history.health.report()['lostRows']));
  await comparePaths(ticks.slice(0, SPEED_TICKS / 4));

  await engine.run(
    `INSERT INTO tickwire.ticks (symbol, time, received, vendor, price, size)
     SELECT 'NSE:YEAR', t, t, 'bench', 1000 + sipHash64(number) % 4000 / 20, 1 + number % 500
     FROM (SELECT number, toDateTime64('2025-11-03 03:45:00', 3, 'UTC') + intDiv(number, 375) * 86400 + number % 375 * 60 AS t FROM numbers(${YEAR_MINUTES}))
     SETTINGS max_partitions_per_insert_block = 0`,
  );
  const year =
    "SELECT toUnixTimestamp(time) * 1000 AS at, open, high, low, close, volume FROM tickwire.candles_1m WHERE symbol = 'NSE:YEAR' ORDER BY time";
  const yearMs = await best(7, () => engine.bytes(year, 'RowBinary'));
  const yearJsonMs = await best(7, () => engine.bytes(year, 'JSONCompactEachRow'));
  say(
    `a year of 1m candles of one symbol (${YEAR_MINUTES} rows), binary; as JSON`,
    `${yearMs.toFixed(0)} ms; ${yearJsonMs.toFixed(0)} ms`,
    verdict(yearMs < 50, '< 50 ms'),
  );

  const rest = SIZE_TICKS - SPEED_TICKS;
  const more = tickPath(history);
  for (let done = 0, at = start + 3_600_000; done < rest; done += 250_000, at += 1_300_000) {
    await drive(more, makeTicks(Math.min(250_000, rest - done), at));
    await stored(history, SPEED_TICKS + done);
  }
  more.stop();
  await stored(history, SIZE_TICKS);
  const symbols = instruments.slice(0, 500).map(({ id }) => id);
  const day = `SELECT symbol, argMin(open, time), max(high), min(low), argMax(close, time), sum(volume) FROM tickwire.candles_1m
    WHERE symbol IN {symbols:Array(String)} AND time >= toDateTime('2026-11-20 00:00:00', 'UTC') GROUP BY symbol`;
  const dayMs = await best(7, () => engine.bytes(day, 'JSONCompactEachRow', { symbols }));
  say('last day OHLC of 500 symbols', `${dayMs.toFixed(0)} ms`, verdict(dayMs < 200, '< 200 ms'));

  const [size] = await engine.rows<{ bytes: number; rows: number }>(
    "SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND table = 'ticks' AND partition = '20261120'",
  );
  const bytes = (size?.bytes ?? 0) / (size?.rows ?? 1);
  await engine.run('OPTIMIZE TABLE tickwire.ticks FINAL');
  const [merged] = await engine.rows<{ bytes: number; rows: number }>(
    "SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND table = 'ticks' AND partition = '20261120'",
  );
  const least = (merged?.bytes ?? 0) / (merged?.rows ?? 1);
  say(
    `bytes a tick of ${SIZE_TICKS.toLocaleString('en')}, as written; merged`,
    `${bytes.toFixed(2)}; ${least.toFixed(2)}`,
  );
  say('100 million ticks, scaled from that', `${(least / 10).toFixed(2)} GB`, verdict(least / 10 < 1.5, '< 1.5 GB'));
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1];
  const mega = (value: number): string => `${Math.round(value / 1_048_576)} MB`;
  say(
    'memory of the gateway and of the engine; the engine at most',
    `${mega(rssOf(process.pid))}, ${mega(rssOf(engine.pid as number))}; ${mega(Number(peak) * 1024)}`,
  );
  await history.close();
  console.log(`\n${writeReport('history', { lines }, markdown(['what', 'measured', ''], lines))}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
