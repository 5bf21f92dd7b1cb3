import { MarketDataError } from '#domain';
import type { HistoryEngine } from './history-engine.js';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.js';

/** Days that are kept; 0 for ever. */
export interface Retention {
  readonly ticksDays: number;
  readonly candlesDays: number;
}

type Engine = Pick<HistoryEngine, 'run' | 'rows'>;

/**
 * Brings the tables to the version of this program, and their retention to what is wanted. Does nothing where both are so.
 * @throws MarketDataError `HISTORY_UNAVAILABLE` where a newer program has made them
 */
export async function migrate(engine: Engine, { ticksDays, candlesDays }: Retention): Promise<void> {
  await engine.run('CREATE DATABASE IF NOT EXISTS tickwire');
  await engine.run(
    'CREATE TABLE IF NOT EXISTS tickwire.schema_versions (version UInt32, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version',
  );
  const [row] = await engine.rows<{ version: number }>('SELECT max(version) AS version FROM tickwire.schema_versions');
  const present = Number(row?.version ?? 0);
  if (present > SCHEMA_VERSION) throw newer(present);
  for (const [version, statements] of MIGRATIONS) {
    if (version <= present) continue;
    for (const sql of statements) await engine.run(sql);
    await engine.run(`INSERT INTO tickwire.schema_versions (version) SELECT ${version}`);
  }
  await retain(engine, 'ticks', ticksDays);
  await retain(engine, 'volume_moves', ticksDays);
  await retain(engine, 'minutes', candlesDays);
}

async function retain(engine: Engine, table: string, days: number): Promise<void> {
  const sql = `SELECT extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days
    FROM system.tables WHERE database = 'tickwire' AND name = {table:String}`;
  const [row] = await engine.rows<{ days: string }>(sql, { table });
  if (Number(row?.days ?? 0) === days) return;
  const change = days === 0 ? 'REMOVE TTL' : `MODIFY TTL toDateTime(time) + toIntervalDay(${days})`;
  await engine.run(`ALTER TABLE tickwire.${table} ${change}`);
}

function newer(version: number): MarketDataError {
  const text = `the tables are of version ${version}, made by a newer Tickwire; this one knows ${SCHEMA_VERSION}`;
  return new MarketDataError('HISTORY_UNAVAILABLE', text, false);
}
