import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MarketDataError, silentLog, silentMeter, systemClock, tick } from '#domain';
import {
  type Asker,
  type EngineState,
  createHistory,
  type History,
  HistoryConfig,
  type HistoryEngine,
  type QueryFormat,
  QueryConfig,
  QueryService,
} from '#history';
import { anInstrument } from '../support/instruments.js';
import { ManualClock } from '../support/manual-clock.js';

const T0 = Date.parse('2026-11-20T03:45:00.000Z');
const SYMBOLS = ['NSE:TCS', 'NSE:TATASTEEL', 'NSE:TATAPOWER', 'BSE:500325'];
const PER_SYMBOL = 250;

let folder: string;
let history: History;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  const config = Object.assign(new HistoryConfig(), { history: 'embedded', historyDir: folder });
  history = createHistory(config, true, systemClock, silentLog, silentMeter) as History;
  await history.engine.ready();
  for (const [wireId, symbol] of SYMBOLS.entries()) {
    const state = { instrument: anInstrument({ id: symbol }), wireId: wireId + 1 };
    for (let i = 0; i < PER_SYMBOL; i++) {
      const at = T0 + i * 1000;
      const given = {
        instrument: symbol,
        vendor: 'bse',
        receivedAt: at + 30,
        eventTime: at,
        price: 100 + i,
        volume: i,
      };
      history.writer.accepted(tick(given), i, state);
    }
  }
  await history.writer.settle();
}, 60_000);

afterAll(async () => {
  await history.close();
  await rm(folder, { recursive: true });
});

function service(given: Partial<QueryConfig> = {}): QueryService {
  return new QueryService(history.engine, Object.assign(new QueryConfig(), given), systemClock);
}

function asker(given: Partial<Asker> = {}): Asker {
  const taken = Promise.resolve();
  return { name: 'somebody', patterns: undefined, signal: new AbortController().signal, taken, ...given };
}

interface Compact {
  readonly data: unknown[][];
}

async function rows(sql: string, patterns?: readonly string[], params = {}): Promise<unknown[][]> {
  const query = { sql, params, format: 'json' as const };
  const answer = await service().run(query, asker({ patterns }));
  return (JSON.parse(answer.toString()) as Compact).data;
}

function outcome(sql: string, given: Partial<QueryConfig> = {}, format: QueryFormat = 'json'): Promise<unknown> {
  const answer = service(given).run({ sql, params: {}, format }, asker());
  return answer.then(
    () => 'answered',
    (error: { code?: string }) => error.code ?? error,
  );
}

/** Statements under way in the engine besides the one that asks. */
async function running(): Promise<number> {
  const [row] = await history.engine.rows<{ n: number }>(
    "SELECT count() AS n FROM system.processes WHERE query NOT LIKE '%system.processes%'",
  );
  return Number(row?.n);
}

/** Work without end from little: every tick with every tick, five times over. */
const ENDLESS = 'SELECT sum(a.price * b.price * c.price * d.price) FROM ticks a, ticks b, ticks c, ticks d';

describe('a query on history', () => {
  it.each([
    ['SELECT count() FROM ticks', [[1000]]],
    [
      'SELECT symbol, max(price) AS high FROM tickwire.ticks GROUP BY symbol ORDER BY symbol LIMIT 1',
      [['BSE:500325', 349]],
    ],
    ["SELECT count() FROM ticks WHERE symbol IN ('NSE:TCS', 'NSE:NONE') AND price BETWEEN 100 AND 109", [[10]]],
    ["SELECT toString(min(toTimeZone(time, 'Asia/Kolkata'))) FROM ticks", [['2026-11-20 09:15:00.000']]],
    ['SELECT argMin(price, time), argMax(price, time) FROM ticks WHERE symbol = {s:String}', [[100, 349]]],
    ['WITH a AS (SELECT price FROM ticks LIMIT 3 BY symbol), 2 AS two SELECT count() * two FROM a', [[24]]],
    [
      'SELECT price - lagInFrame(price) OVER (PARTITION BY symbol ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS d FROM ticks ORDER BY time DESC LIMIT 1',
      [[1]],
    ],
    ['SELECT quantile(0.5)(price), uniqExact(symbol), countIf(late = 1) FROM ticks', [[224.5, 4, 0]]],
    [
      'SELECT arrayMap(x -> x * 2, [1, 2])[2], CAST(1 AS String), true, CASE WHEN 1 > 2 THEN 1 ELSE 0 END, NOT 1',
      [[4, '1', true, 0, 0]],
    ],
    ['SELECT count() FROM ticks a JOIN (SELECT symbol FROM ticks LIMIT 1) b USING (symbol)', [[250]]],
    [
      'SELECT toStartOfInterval(time, INTERVAL 1 MINUTE) AS t, count() FROM ticks WHERE symbol = {s:String} GROUP BY t ORDER BY t LIMIT 1',
      [['2026-11-20 03:45:00', 60]],
    ],
    ["SELECT high, volume FROM candles_1m WHERE symbol = 'NSE:TCS' ORDER BY time LIMIT 1", [[159, 59]]],
  ])('answers %s', async (sql, expected) => {
    expect(await rows(sql, undefined, { s: 'NSE:TCS' })).toEqual(expected);
  });

  it.each(['csv', 'ndjson', 'arrow'] as const)('answers in %s', async (format) => {
    const query = { sql: 'SELECT price AS p FROM ticks ORDER BY time, symbol LIMIT 2', params: {}, format };
    const answer = await service().run(query, asker());
    if (format === 'csv') expect(answer.toString()).toBe('"p"\n100\n100\n');
    else if (format === 'ndjson') expect(answer.toString()).toBe('{"p":100}\n{"p":100}\n');
    else {
      const { tableFromIPC } = await import('apache-arrow');
      expect(
        tableFromIPC(answer)
          .toArray()
          .map((row) => (row as { p: number }).p),
      ).toEqual([100, 100]);
    }
  });

  it('takes a value for a value, whatever stands in it', async () => {
    const evil = "x' OR 1=1 --\\'";
    expect(await rows('SELECT count() FROM ticks WHERE symbol = {s:String}', undefined, { s: evil })).toEqual([[0]]);
    expect(await rows('SELECT {s:String}, {l:Array(String)}', undefined, { s: evil, l: [evil] })).toEqual([
      [evil, [evil]],
    ]);
  });
});

describe('entitlements', () => {
  const everywhere = [
    'SELECT DISTINCT symbol FROM ticks ORDER BY symbol',
    'WITH q AS (SELECT symbol FROM tickwire.ticks) SELECT DISTINCT symbol FROM q ORDER BY symbol',
    'SELECT DISTINCT b.symbol FROM (SELECT 1 AS one) a CROSS JOIN ticks b ORDER BY symbol',
    'SELECT DISTINCT toString(symbol) AS symbol FROM candles_1m UNION DISTINCT SELECT symbol FROM candles_1s ORDER BY symbol',
    'SELECT arraySort(groupUniqArray(symbol)) FROM ticks WHERE symbol IN (SELECT symbol FROM ticks) OR 1',
    'SELECT DISTINCT symbol FROM ticks WHERE 0 OR 1 = 1 ORDER BY symbol',
  ];

  it.each(everywhere)('hide other symbols in %s', async (sql) => {
    const found = (await rows(sql, ['NSE:TATA*', 'NSE:TCS'])).flat(2);
    expect(new Set(found)).toEqual(new Set(['NSE:TATAPOWER', 'NSE:TATASTEEL', 'NSE:TCS']));
  });

  it.each([
    'WITH (a, b) -> 1 AS equals SELECT DISTINCT symbol FROM ticks',
    'WITH ((a, b) -> 1) AS startsWith SELECT DISTINCT symbol FROM ticks',
    'WITH (a, b) -> 1 AS `or` SELECT DISTINCT symbol FROM candles_1m',
    'WITH [((a, b) -> 1) AS equals] AS z SELECT DISTINCT symbol FROM ticks',
    'SELECT arrayMap((a, b) -> 1 AS equals, [1], [1]) AS m, symbol FROM ticks LIMIT 1 BY symbol',
    'SELECT arrayMap(((a, b) -> 1) AS startsWith, [1], [1]) AS m, symbol FROM ticks LIMIT 1 BY symbol',
    'SELECT arrayMap(equals -> (SELECT max(symbol) FROM ticks), [1]) AS m',
    "WITH 'NSE:TCS' AS symbol SELECT DISTINCT ticks.symbol FROM ticks",
  ])('hold whatever names a statement gives: %s', async (sql) => {
    for (const patterns of [['NSE:TCS'], ['NSE:TC*', 'NSE:TCS']]) {
      const found = await rows(sql, patterns).catch((error: { code?: string }) => error.code);
      expect(JSON.stringify(found)).not.toMatch(/BSE:|TATA/);
    }
  });

  it('of none show none', async () => {
    expect(await rows('SELECT count() FROM ticks', [])).toEqual([[0]]);
  });
});

describe('what would exhaust the engine', () => {
  it('ends when its time is over', async () => {
    expect(await outcome(ENDLESS, { queryMaxMs: 300 })).toBe('QUERY_TIMEOUT');
  });

  it('ends when it makes too many rows', async () => {
    expect(await outcome('SELECT * FROM ticks', { queryMaxRows: 100 })).toBe('QUERY_LIMIT');
  });

  it('ends when it makes too many bytes', async () => {
    expect(await outcome('SELECT * FROM ticks', { queryMaxBytes: 1024 })).toBe('QUERY_LIMIT');
  });

  it('ends when it reads too many rows, or bytes, however few it answers', async () => {
    const sql = 'SELECT count() FROM ticks WHERE price > 0';
    expect(await outcome(sql, { queryMaxReadRows: 100 })).toBe('QUERY_LIMIT');
    expect(await outcome(sql, { queryMaxReadBytes: 1024 })).toBe('QUERY_LIMIT');
    expect(await rows(sql)).toEqual([[SYMBOLS.length * PER_SYMBOL]]);
  });

  it('has no more threads than it is given', async () => {
    const engine: Pick<HistoryEngine, 'bytes' | 'state' | 'kind'> = {
      state: 'up',
      kind: 'embedded',
      bytes: (_sql, ...rest) => history.engine.bytes("SELECT getSetting('max_threads') AS threads", ...rest),
    };
    const config = Object.assign(new QueryConfig(), { queryMaxThreads: 3 });
    const query = { sql: 'SELECT 1', params: {}, format: 'ndjson' } as const;
    const answer = await new QueryService(engine, config, systemClock).run(query, asker());
    expect(JSON.parse(answer.toString())).toEqual({ threads: 3 });
  });

  it.each([
    'SELECT groupArray((a.time, b.time, c.price)) FROM ticks a, ticks b, ticks c',
    `WITH concat('xxxxxxxx', 'xxxxxxxx') AS a0 ${Array.from({ length: 26 }, (_, i) => `, concat(a${i}, a${i}) AS a${i + 1}`).join('')} SELECT length(a26)`,
    'SELECT a.price, b.price, c.price FROM ticks a, ticks b, ticks c ORDER BY a.price * b.price * c.price',
  ])('ends, and the engine goes on: %s', async (sql) => {
    const given = { queryMaxMs: 5000, queryMaxMemoryBytes: 33_554_432 };
    expect(['QUERY_LIMIT', 'QUERY_TIMEOUT', 'QUERY_INVALID']).toContain(await outcome(sql, given));
    expect(await rows('SELECT 1')).toEqual([[1]]);
  });

  /** `price+1+1... AS a1, a1+1+1... AS a2`: names on names, deeper than the engine lets one expression be. */
  function onNames(names: number, steps: number): string {
    const columns = Array.from({ length: names }, (_, i) => `a${i}${'+1'.repeat(steps)} AS a${i + 1}`);
    return `SELECT price AS a0, ${columns.join(', ')} FROM ticks`;
  }
  const brackets = Array.from({ length: 66 }, (_, i) => `${'['.repeat(30)}a${i}${'][1]'.repeat(30)} AS a${i + 1}`);
  const doubled = Array.from({ length: 26 }, (_, i) => `a${i} + a${i} AS a${i + 1}`);

  it.each([
    ['names on names', onNames(900, 1)],
    ['long expressions on names', onNames(29, 200)],
    ['arrays in arrays on names', `SELECT price AS a0, ${brackets.join(', ')} FROM ticks`],
    ['names that double', `SELECT price AS a0, ${doubled.join(', ')} FROM ticks`],
  ])('is refused when the engine would be busy with it for long: %s', async (_, sql) => {
    const { pid } = history.engine;
    expect(await outcome(sql)).toBe('QUERY_INVALID');
    expect([history.engine.state, history.engine.pid]).toEqual(['up', pid]);
  });

  it('is understood where it has many columns, values or conditions', async () => {
    const columns = Array.from({ length: 299 }, (_, i) => `maxIf(price, symbol = 'NSE:S${i}') AS s${i}`);
    expect((await rows(`SELECT ${columns.join(', ')} FROM ticks`))[0]).toHaveLength(299);
    const unnamed = Array.from({ length: 500 }, (_, i) => `maxIf(price,symbol='NSE:S${i}')`);
    expect((await rows(`SELECT ${unnamed.join(',')} FROM ticks WHERE late = 0`))[0]).toHaveLength(500);
    const values = Array.from({ length: 2000 }, (_, i) => i);
    const sql = `SELECT uniqExact(price) FROM ticks WHERE price IN (${values.join(',')})`;
    expect(await rows(sql)).toEqual([[PER_SYMBOL]]);
  });

  it('ends when its client has gone, long before its time is over', async () => {
    const gone = new AbortController();
    const answer = service({ queryMaxMs: 60_000 }).run(
      { sql: ENDLESS, params: {}, format: 'json' },
      asker({ signal: gone.signal }),
    );
    const ended = answer.then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    while ((await running()) === 0) await sleep(20);
    gone.abort();
    const left = Date.now();
    expect(await ended).not.toBe('answered');
    while ((await running()) > 0) {
      expect(Date.now() - left).toBeLessThan(20_000);
      await sleep(20);
    }
  });

  it.each([0, 1, 3])('is not begun, or ended, when its client goes after %i ms', async (ms) => {
    const { pid } = history.engine;
    const queries = service({ queryConcurrency: 1, queryMaxMs: 60_000 });
    const gone = new AbortController();
    setTimeout(() => gone.abort(), ms);
    const left = Date.now();
    await expect(
      queries.run({ sql: ENDLESS, params: {}, format: 'json' }, asker({ signal: gone.signal })),
    ).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    expect(Date.now() - left).toBeLessThan(20_000);
    expect(await running()).toBe(0);
    // its place is free when the engine has none of it left
    await expect(queries.run({ sql: 'SELECT 1', params: {}, format: 'json' }, asker())).resolves.toBeDefined();
    expect(history.engine).toMatchObject({ state: 'up', pid });
  });

  it('is in its place until its answer has been taken, and leaves one to others', async () => {
    const queries = service({ queryConcurrency: 2 });
    const ask = (given: Partial<Asker>) => queries.run({ sql: 'SELECT 1', params: {}, format: 'json' }, asker(given));
    let take: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    await ask({ taken });
    await expect(ask({})).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await ask({ name: 'somebody else', taken });
    await expect(ask({ name: 'a third' })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    take();
    await taken;
    await expect(ask({})).resolves.toBeDefined();
  });

  it('is let in a few at a time, and others as soon as one has ended', async () => {
    const queries = service({ queryConcurrency: 1, queryMaxMs: 2000 });
    const ask = (sql: string) => queries.run({ sql, params: {}, format: 'json' }, asker());
    const first = ask(ENDLESS);
    await expect(ask('SELECT 1')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    await expect(first).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    await expect(ask('SELECT 1')).resolves.toBeDefined();
  });

  it('is not held back by the guard alone: the engine refuses what is no read', async () => {
    const limits = { readOnly: true };
    await expect(history.engine.bytes('DROP TABLE tickwire.ticks', 'Null', {}, limits)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
    await expect(history.engine.bytes('SELECT 1 SETTINGS max_threads = 64', 'Null', {}, limits)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
  });
});

describe('an engine that does not stand it', () => {
  const crashing = (state: EngineState, kind: 'embedded' | 'server' = 'embedded') => {
    const engine = {
      kind,
      state,
      bytes: () => {
        engine.state = 'away';
        return Promise.reject(new MarketDataError('HISTORY_UNAVAILABLE', 'The history engine ended', true));
      },
    };
    return engine;
  };
  const query = { sql: 'SELECT 1', params: {}, format: 'json' as const };

  it('makes whoever asked wait for a minute, and nobody else', async () => {
    const clock = new ManualClock();
    const engine = crashing('up');
    const queries = new QueryService(engine, new QueryConfig(), clock);
    await expect(queries.run(query, asker())).rejects.toMatchObject({ code: 'HISTORY_UNAVAILABLE' });
    engine.state = 'up';
    await expect(queries.run(query, asker())).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    await expect(queries.run(query, asker({ name: 'other' }))).rejects.toMatchObject({ code: 'HISTORY_UNAVAILABLE' });
    engine.state = 'up';
    clock.advance(60_000);
    await expect(queries.run(query, asker())).rejects.toMatchObject({ code: 'HISTORY_UNAVAILABLE' });
  });

  it('is not asked before its tables are there', async () => {
    const config = Object.assign(new HistoryConfig(), { history: 'embedded', historyDir: join(folder, 'new') });
    const starting = createHistory(config, true, systemClock, silentLog, silentMeter) as History;
    const queries = new QueryService(starting.engine, new QueryConfig(), systemClock);
    const sql = 'SELECT count() FROM ticks';
    await expect(queries.run({ ...query, sql }, asker())).rejects.toMatchObject({
      code: 'HISTORY_UNAVAILABLE',
      retryable: true,
    });
    await starting.engine.ready();
    await expect(queries.run({ ...query, sql }, asker())).resolves.toBeDefined();
    await starting.close();
  });
});
