import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MarketDataError } from '#domain';
import { ROWS, SECONDS } from './replay-rows.js';
import { guardSql, MAX_SQL_LENGTH } from './sql-guard.js';
import { FUNCTIONS } from './sql-guard-functions.js';

const TABLES = new Map([
  ['ticks', 'tickwire.ticks'],
  ['candles', 'tickwire.candles'],
]);

function guarded(sql: string, condition?: string): string {
  return guardSql(sql, { tables: TABLES, ...(condition !== undefined && { condition }) });
}

function codeOf(sql: string): string {
  try {
    return `accepted: ${guarded(sql)}`;
  } catch (error) {
    return error instanceof MarketDataError ? error.code : String(error);
  }
}

/** Each name of WITH stands for two of the one before. */
function doubled(times: number): string {
  const name = (i: number): string => `, a${i + 1} AS (SELECT 1 AS x FROM a${i} p, a${i} q)`;
  return `WITH a0 AS (SELECT 1 AS x)${Array.from({ length: times }, (_, i) => name(i)).join('')} SELECT count() FROM a${times}`;
}

describe('what may be run', () => {
  it.each([
    ['select price from ticks', 'SELECT `price` FROM tickwire.ticks AS `ticks`'],
    ['SELECT t.* FROM tickwire.ticks t', 'SELECT `t`.* FROM tickwire.ticks AS `t`'],
    ["SELECT 'it''s \\'' AS a;", "SELECT 'it''s \\'' AS `a`"],
    ['SELECT 1 -- FROM secret\n + 2 /* x */', 'SELECT 1 + 2'],
    [
      'WITH a AS (SELECT 1 AS x) SELECT x FROM a',
      'WITH `with a` AS ( SELECT 1 AS `x` ) SELECT `x` FROM `with a` AS `a`',
    ],
    ['SELECT {s:String} = symbol FROM ticks', 'SELECT {s:String} = `symbol` FROM tickwire.ticks AS `ticks`'],
  ])('writes %j anew', (given, written) => {
    expect(guarded(given)).toBe(written);
  });

  it.each([
    'SELECT symbol, toStartOfInterval(time, INTERVAL 5 MINUTE) AS t, argMin(price, time) o, max(price) h FROM ticks GROUP BY symbol, t ORDER BY t DESC LIMIT 100',
    'SELECT quantile(0.9)(price), countIf(late = 1), count(*), uniqExact(symbol), count(DISTINCT vendor) FROM ticks WHERE price IS NOT NULL',
    "SELECT * FROM ticks WHERE symbol IN ('NSE:TCS', 'NSE:INFY') AND time >= now() - INTERVAL 1 DAY AND price BETWEEN 10 AND 20",
    'SELECT price - lagInFrame(price) OVER (PARTITION BY symbol ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS d FROM ticks',
    'SELECT sum(price) OVER w FROM ticks WINDOW w AS (PARTITION BY symbol ORDER BY time)',
    'SELECT a.symbol, b.price FROM ticks AS a ASOF LEFT JOIN ticks b ON a.symbol = b.symbol AND a.time >= b.time',
    'SELECT symbol FROM ticks GROUP BY symbol HAVING count() > 10 UNION ALL SELECT symbol FROM candles',
    'SELECT arrayMap(x -> x * 2, [1, 2, 3])[1], CAST(price AS Float32), price::String, CASE WHEN price > 1 THEN 1 ELSE 0 END FROM ticks',
    'SELECT * FROM ticks WHERE symbol IN (SELECT symbol FROM candles) LIMIT 3 BY symbol LIMIT 10 OFFSET 5',
    "SELECT toTimeZone(time, 'Asia/Kolkata'), NOT late, -price, (price, size), true FROM ticks WHERE symbol LIKE 'NSE:%' AND symbol NOT LIKE 'x'",
    'SELECT sum(size) FILTER (WHERE price > 10) FROM ticks',
    'WITH (SELECT max(price) FROM ticks) AS top, 2 AS two SELECT price / top * two FROM ticks WHERE (price, late) IN ((1, 0), (-2, 1))',
    'SELECT x FROM (SELECT price AS x FROM ticks) AS q, (SELECT 1 AS y) r CROSS JOIN candles',
    'SELECT count() AS count, arraySort(x -> -x, arrayMap((a, b) -> a + b, [1], [2])) AS sums FROM ticks',
    doubled(4),
  ])('takes %s', (sql) => {
    expect(codeOf(sql)).toContain('accepted');
  });

  it('puts the condition around every table, at every depth', () => {
    const sql = guarded(
      'WITH a AS (SELECT * FROM ticks) SELECT * FROM a JOIN ticks t USING (symbol) WHERE symbol IN (SELECT symbol FROM candles) UNION ALL SELECT * FROM tickwire.ticks',
      "symbol = 'NSE:TCS'",
    );
    const bare = sql.replaceAll(/\(SELECT \* FROM tickwire\.\w+ WHERE symbol = 'NSE:TCS'\)/g, '');
    expect(sql.length - bare.length).toBeGreaterThan(150);
    expect(bare).not.toMatch(/tickwire/);
  });
});

const ATTACKS = [
  // other statements
  'DROP TABLE ticks',
  'INSERT INTO ticks VALUES (1)',
  'ALTER TABLE ticks DELETE WHERE 1',
  'TRUNCATE TABLE ticks',
  'CREATE TABLE x (a Int8) ENGINE = Memory',
  'SYSTEM SHUTDOWN',
  'KILL QUERY WHERE 1',
  'SET readonly = 0',
  'USE system',
  'SHOW TABLES',
  'DESCRIBE TABLE ticks',
  'EXPLAIN SELECT 1',
  'GRANT ALL ON *.* TO me',
  'ATTACH TABLE x',
  "BACKUP TABLE ticks TO Disk('d', 'x')",
  'FROM ticks SELECT *',
  'VALUES (1)',
  '',
  ';',
  // a second statement
  'SELECT 1; DROP TABLE ticks',
  'SELECT 1;;',
  'SELECT 1 /* ; */ ; SELECT 2',
  // other tables
  'SELECT * FROM system.tables',
  'SELECT * FROM `system`.`tables`',
  'SELECT * FROM "system"."query_log"',
  'SELECT * FROM information_schema.tables',
  'SELECT * FROM default.ticks',
  'SELECT * FROM tickwire.schema_migrations',
  'SELECT * FROM tickwire.ticks.x',
  'SELECT * FROM `tickwire.ticks`',
  'SELECT * FROM ticks, system.one',
  'SELECT * FROM ticks JOIN system.one ON 1',
  'SELECT (SELECT count() FROM system.tables)',
  'SELECT 1 WHERE 1 IN (SELECT 1 FROM system.one)',
  'SELECT 1 UNION ALL SELECT name FROM system.users',
  'WITH x AS (SELECT * FROM system.users) SELECT * FROM x',
  'WITH system AS (SELECT 1) SELECT * FROM system.one',
  'SELECT * FROM (WITH ticks2 AS (SELECT 1) SELECT 1) AS q, ticks2',
  'WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t) SELECT * FROM t',
  'SELECT 1 IN system.one',
  'SELECT 1 IN (system.one)',
  'SELECT 1 IN ticks',
  'SELECT 1 IN (ticks)',
  'SELECT 1 GLOBAL IN (SELECT 1)',
  'SELECT * FROM {t:Identifier}',
  'SELECT {t:Identifier} FROM ticks',
  // functions that read tables, files, other servers
  "SELECT * FROM file('/etc/passwd', 'LineAsString')",
  "SELECT file('/etc/passwd')",
  "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')",
  "SELECT * FROM s3('x')",
  "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
  "SELECT * FROM executable('id', 'TSV', 'a String')",
  "SELECT * FROM mysql('h', 'd', 't', 'u', 'p')",
  "SELECT * FROM merge('system', '.*')",
  'SELECT * FROM ticks(1)',
  'SELECT * FROM numbers(1000000000000)',
  'SELECT * FROM generateRandom()',
  'SELECT * FROM view(SELECT 1)',
  "SELECT dictGet('d', 'a', 1)",
  "SELECT joinGet('j', 'a', 1)",
  "SELECT hasColumnInTable('system', 'one', 'dummy')",
  'SELECT currentUser()',
  "SELECT hostName(), version(), getSetting('readonly')",
  "SELECT `file`('/etc/passwd')",
  'SELECT "file"(\'/etc/passwd\')',
  // much of little
  'SELECT sleep(3)',
  'SELECT sleepEachRow(3) FROM ticks',
  'SELECT range(1000000000)',
  "SELECT repeat('x', 1000000000)",
  "SELECT leftPad('x', 1000000000)",
  'SELECT arrayWithConstant(1000000000, 1)',
  'SELECT arrayJoin([1, 2])',
  doubled(12),
  doubled(40),
  `SELECT count() FROM ticks${', ticks'.repeat(100)}`,
  `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`,
  `SELECT ${'-'.repeat(0)}${'abs('.repeat(500)}1${')'.repeat(500)}`,
  `SELECT ${'[1,'.repeat(200)}1`,
  // clauses
  'SELECT 1 SETTINGS max_memory_usage = 0',
  'SELECT * FROM ticks SETTINGS readonly = 0',
  'SELECT 1 FORMAT Native',
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  'SELECT * FROM ticks SAMPLE 0.1',
  'SELECT * FROM ticks FINAL',
  "SELECT COLUMNS('.*') FROM ticks",
  'SELECT * APPLY(sum) FROM ticks',
  'SELECT * EXCEPT (price) FROM ticks',
  'SELECT * FROM ticks ORDER BY time WITH FILL',
  // names that the engine would take for the functions of a condition
  'WITH (a, b) -> 1 AS equals SELECT symbol FROM ticks',
  'WITH ((a, b) -> 1) AS f SELECT symbol FROM ticks',
  'WITH [((a, b) -> 1) AS equals] AS z SELECT symbol FROM ticks',
  'WITH if(1, (a, b) -> 1 AS equals, 2) AS z SELECT symbol FROM ticks',
  'WITH CASE WHEN 1 THEN (a, b) -> 1 END AS startsWith SELECT symbol FROM ticks',
  'SELECT (a, b) -> 1 AS equals, symbol FROM ticks',
  'SELECT (a, b) -> 1 f, symbol FROM ticks',
  'SELECT arrayMap((a, b) -> 1 AS equals, [1], [1]), symbol FROM ticks',
  'SELECT arrayMap(((a, b) -> 1) AS equals, [1], [1]), symbol FROM ticks',
  'SELECT arrayMap(x -> (a, b) -> 1 AS equals, [1], [1]), symbol FROM ticks',
  'SELECT arrayMap(x -> ((a, b) -> 1), [1], [1]), symbol FROM ticks',
  'SELECT symbol FROM ticks ORDER BY (a, b) -> 1',
  'WITH a::String -> 1 AS equals SELECT symbol FROM ticks',
  'WITH a IS NULL -> 1 AS equals SELECT symbol FROM ticks',
  'WITH 1 AS equals SELECT symbol FROM ticks',
  'SELECT 1 AS `or`, symbol FROM ticks',
  'SELECT abs(1 AS startsWith), symbol FROM ticks',
  // letters
  'SELECT 1 /* FROM ticks',
  "SELECT 'open FROM ticks",
  "SELECT 'a\\' FROM system.one",
  'SELECT `a` `b` `c`',
  'SELECT $$x$$',
  'SELECT 1 # x',
  'SELECT @@version',
  'SELECT 0x41',
  'SELECT 1\u0000',
  'SELECT 1\u00a0FROM ticks',
  'SELECT „x“',
  'SELECT price ? 1 : 2 FROM ticks',
  'SELECT `a\\`b`',
  'SELECT CAST(1 AS AggregateFunction(sum, UInt8))',
  "SELECT CAST('x' AS Enum8('x' = 1))",
];

describe('what may not', () => {
  it.each(ATTACKS)('refuses %s', (sql) => {
    expect(codeOf(sql)).toBe('QUERY_INVALID');
  });

  it('refuses a statement that is too long', () => {
    expect(codeOf(`SELECT 1${' '.repeat(MAX_SQL_LENGTH)}`)).toBe('QUERY_INVALID');
  });

  it('says what is wrong and where', () => {
    expect(() => guarded('SELECT * FROM secrets')).toThrow(
      '"secrets" is no table that may be read; those are ticks, candles, at character 15',
    );
  });
});

it('calls the functions that the documentation lists', () => {
  const text = readFileSync(new URL('../../../docs/history.md', import.meta.url), 'utf8');
  for (const [kind, names] of Object.entries(FUNCTIONS)) {
    const listed = new RegExp(`^- ${kind}: (.*)$`, 'm').exec(text)?.[1]?.replaceAll('`', '').split(' ');
    expect({ [kind]: listed }).toEqual({ [kind]: names });
  }
});

describe('what a replay asks another server', () => {
  it.each([SECONDS, ROWS])('may be run: %s', (sql) => {
    expect(codeOf(sql)).toContain('accepted');
  });
});
