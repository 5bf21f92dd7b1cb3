import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#domain';
import { EmbeddedEngine, FolderInUseError, type HistoryEngine, migrate, type Retention, ServerEngine } from '#history';
import { aFolder, eventually } from '../support/a-history.js';
import { ClickHouseStandIn } from '../support/clickhouse-stand-in.js';

const KEEP_ALL: Retention = { ticksDays: 0, candlesDays: 0 };
const ENDLESS = 'SELECT sum(sipHash64(number)) AS n FROM numbers(1000000000000)';
const MEMORY = 805_306_368;

let embeddedFolder: Awaited<ReturnType<typeof aFolder>>;
let serverFolder: Awaited<ReturnType<typeof aFolder>>;
let standIn: ClickHouseStandIn;
const engines = new Map<string, HistoryEngine>();

function embedded(folder: string, retention = KEEP_ALL): EmbeddedEngine {
  const options = { folder, memoryBytes: MEMORY, threads: 2 };
  return new EmbeddedEngine(options, (engine) => migrate(engine, retention), systemClock, silentLog);
}

beforeAll(async () => {
  embeddedFolder = await aFolder();
  serverFolder = await aFolder();
  standIn = await ClickHouseStandIn.start(serverFolder.path);
  engines.set('embedded', embedded(embeddedFolder.path));
  const options = { url: standIn.url, username: 'default', password: standIn.password };
  engines.set('server', new ServerEngine(options, (engine) => migrate(engine, KEEP_ALL), systemClock, silentLog));
  for (const engine of engines.values()) await engine.ready();
});

afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
  await standIn.stop();
  await embeddedFolder.remove();
  await serverFolder.remove();
});

describe.each(['embedded', 'server'])('the %s engine', (kind) => {
  const engine = (): HistoryEngine => engines.get(kind) as HistoryEngine;

  it('binds parameters, whatever is in them', async () => {
    const params = { text: "it's \\ a\n\t'; DROP", list: ["x'y", 'z\\'], none: null, n: 1.5, big: 1_763_700_000_123 };
    const sql =
      'SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(Int64)} AS none, {n:Float64} AS n, {big:Int64} AS big';
    expect(await engine().rows(sql, params)).toEqual([params]);
  });

  it('answers in formats of the engine', async () => {
    expect((await engine().bytes('SELECT 1 AS a, 2 AS b', 'CSVWithNames')).toString()).toBe('"a","b"\n1,2\n');
    expect((await engine().bytes('SELECT number FROM numbers(3)', 'RowBinary')).length).toBe(24);
  });

  it.each([
    ['QUERY_INVALID', 'SELEC 1', {}],
    ['QUERY_INVALID', 'SELECT nope FROM tickwire.ticks', {}],
    ['QUERY_INVALID', 'CREATE TABLE tickwire.x (a Int8) ENGINE = Memory', { readOnly: true }],
    ['QUERY_LIMIT', 'SELECT number FROM numbers(100)', { maxRows: 10 }],
    ['QUERY_LIMIT', 'SELECT groupArray(number) FROM numbers(100000000)', { maxMemoryBytes: 50_000_000 }],
    ['QUERY_LIMIT', 'SELECT count() FROM numbers(1000) WHERE number % 7 = 1', { maxReadRows: 100 }],
    ['QUERY_LIMIT', 'SELECT count() FROM numbers(1000) WHERE number % 7 = 1', { maxReadBytes: 1000 }],
    ['QUERY_TIMEOUT', ENDLESS, { maxMs: 200 }],
  ])('tells %s of %s', async (code, sql, limits) => {
    await expect(engine().rows(sql, {}, limits)).rejects.toMatchObject({ code, retryable: false });
  });

  it('ends a statement whose asker has gone', async () => {
    const gone = new AbortController();
    const answer = engine().rows(ENDLESS, {}, { signal: gone.signal });
    const running = `SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'`;
    await eventually(async () => (await engine().rows<{ n: number }>(running))[0]?.n === 1);
    gone.abort();
    await expect(answer).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    await eventually(async () => (await engine().rows<{ n: number }>(running))[0]?.n === 0);
  });

  it('stores a batch once, however often it is sent', async () => {
    const row = Buffer.from('{"symbol":"NSE:A","time":1763700000123,"size":5}\n');
    for (let time = 0; time < 3; time++) await engine().insert('tickwire.volume_moves', 'JSONEachRow', row, 'a-batch');
    await engine().insert('tickwire.volume_moves', 'JSONEachRow', row, 'another');
    const sql = 'SELECT count() AS n, (SELECT sum(volume) FROM tickwire.minutes) AS volume FROM tickwire.volume_moves';
    expect(await engine().rows(sql)).toEqual([{ n: 2, volume: 10 }]);
    const wrong = engine().insert('tickwire.volume_moves', 'JSONEachRow', Buffer.from('{"time":"x"}\n'));
    await expect(wrong).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  it('migrates a second time without a change, and sets and lifts retention', async () => {
    const ttl = async (): Promise<boolean> => {
      const sql =
        "SELECT create_table_query LIKE '%TTL toDateTime(time) + toIntervalDay(30)%' AS has FROM system.tables WHERE name = 'ticks'";
      return (await engine().rows<{ has: number }>(sql))[0]?.has === 1;
    };
    await migrate(engine(), { ticksDays: 30, candlesDays: 0 });
    expect(await ttl()).toBe(true);
    await migrate(engine(), KEEP_ALL);
    expect(await ttl()).toBe(false);
  });

  it('refuses tables of a newer program', async () => {
    await engine().run('INSERT INTO tickwire.schema_versions (version) SELECT 99');
    await expect(migrate(engine(), KEEP_ALL)).rejects.toThrow(/version 99, made by a newer Tickwire/);
    await engine().run('TRUNCATE TABLE tickwire.schema_versions');
    await migrate(engine(), KEEP_ALL);
  });
});

it('keeps a folder for one process, and takes it over from one that is gone', async () => {
  expect(() => embedded(embeddedFolder.path)).toThrow(FolderInUseError);
  const left = await aFolder();
  mkdirSync(left.path, { recursive: true });
  writeFileSync(join(left.path, 'gateway.pid'), '1 0');
  const next = embedded(left.path);
  await next.ready();
  await next.close();
  await left.remove();
});

it('deletes ticks that are older than is wanted', async () => {
  const folder = await aFolder();
  const engine = embedded(folder.path, { ticksDays: 2, candlesDays: 0 });
  await engine.ready();
  const sql = (days: number): string =>
    `INSERT INTO tickwire.ticks (symbol, time, received) SELECT 'NSE:A', now() - INTERVAL ${days} DAY, now()`;
  await engine.run(sql(1));
  await engine.run(sql(4));
  await engine.run('OPTIMIZE TABLE tickwire.ticks FINAL');
  expect(await engine.rows('SELECT count() AS n FROM tickwire.ticks')).toEqual([{ n: 1 }]);
  await engine.close();
  await folder.remove();
});

it('says that a server is away, and goes on when it is back', async () => {
  const engine = engines.get('server') as HistoryEngine;
  const { port } = standIn;
  await standIn.stop();
  await expect(engine.rows('SELECT 1')).rejects.toMatchObject({ code: 'HISTORY_UNAVAILABLE', retryable: true });
  expect(engine.state).toBe('away');
  standIn = await ClickHouseStandIn.start(serverFolder.path, port);
  await engine.ready();
  expect(await engine.rows('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});
