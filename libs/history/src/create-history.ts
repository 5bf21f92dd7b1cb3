import { join } from 'node:path';
import { type Clock, ConfigError, type Log, type Meter } from '#domain';
import { isChdbInstalled } from './embedded/chdb.js';
import { EmbeddedEngine } from './embedded/embedded-engine.js';
import type { HistoryConfig } from './history.config.js';
import { HistoryHealth } from './history-health.js';
import type { HistoryEngine } from './history-engine.js';
import { migrate } from './migrations.js';
import { ServerEngine } from './server/server-engine.js';
import { HistoryWriter } from './writer/history-writer.js';
import { Shipper } from './writer/shipper.js';
import { Spill } from './writer/spill.js';
import { claimFolder, type ClaimedFolder } from './writer/waiting-folder.js';

/** History that is on. */
export interface History {
  readonly engine: HistoryEngine;
  readonly writer: HistoryWriter;
  readonly health: HistoryHealth;
  /** Stores what there is, keeps the rest for the next start, and ends the engine. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * History as the settings want it; undefined when it is off. Starts the engine and does not wait for it.
 * @param hasTicks whether this process merges ticks of its own; one that does not needs no engine that nobody else reads
 * @throws ConfigError when what is asked for cannot be had
 */
export function createHistory(
  config: HistoryConfig,
  hasTicks: boolean,
  clock: Clock,
  log: Log,
  meter: Meter,
): History | undefined {
  let engine: HistoryEngine | undefined;
  let waiting: ClaimedFolder | undefined;
  let spill: Spill;
  try {
    engine = createEngine(config, hasTicks, clock, log);
    if (engine === undefined) return undefined;
    waiting = claimFolder(join(config.historyDir, 'waiting'));
    spill = new Spill(waiting.folder, config.historySpillBytes, log);
  } catch (error) {
    void engine?.close();
    waiting?.release();
    if (error instanceof ConfigError) throw error;
    const reason = `HISTORY_DIR: ${error instanceof Error ? error.message : String(error)}`;
    if (config.history !== 'auto') throw new ConfigError([reason]);
    return off(log, reason);
  }
  return started(engine, spill, waiting, config, clock, log, meter);
}

function started(
  engine: HistoryEngine,
  spill: Spill,
  waiting: ClaimedFolder,
  config: HistoryConfig,
  clock: Clock,
  log: Log,
  meter: Meter,
): History {
  const shipper = new Shipper(engine, spill, { bufferBytes: config.historyBufferBytes }, clock, log);
  const writer = new HistoryWriter(shipper, config.historyFlushMs, clock);
  const health = new HistoryHealth(engine, shipper);
  measure(meter, shipper);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await writer.close();
    await engine.close();
    waiting.release();
  };
  return { engine, writer, health, close: () => (closing ??= close()) };
}

function createEngine(config: HistoryConfig, hasTicks: boolean, clock: Clock, log: Log): HistoryEngine | undefined {
  const { history, clickhouseUrl: url, clickhouseUsername: username, clickhousePassword: password } = config;
  const retention = { ticksDays: config.historyTicksDays, candlesDays: config.historyCandlesDays };
  const prepare = (engine: HistoryEngine): Promise<void> => migrate(engine, retention);
  if (history === 'off') return undefined;
  if (history === 'server' && url === undefined)
    throw new ConfigError(['HISTORY: "server" needs a server; set CLICKHOUSE_URL as well']);
  if (url !== undefined && history !== 'embedded') {
    return new ServerEngine({ url, username, password }, prepare, clock, log);
  }
  if (history === 'auto' && !hasTicks) return off(log, 'this node of a fleet has no ticks of its own');
  if (!isChdbInstalled()) {
    if (history === 'embedded')
      throw new ConfigError(['HISTORY: "embedded" needs the optional package chdb, which this platform may not have']);
    return off(log, 'the optional package chdb is not installed; install it, or set CLICKHOUSE_URL');
  }
  const { historyDir: folder, historyMemoryBytes: memoryBytes, historyThreads: threads } = config;
  return new EmbeddedEngine({ folder, memoryBytes, threads }, prepare, clock, log);
}

function off(log: Log, reason: string): undefined {
  log.warn({ reason }, 'history is off: nothing is written down');
  return undefined;
}

function measure(meter: Meter, shipper: Shipper): void {
  const rows = 'Rows of history by what became of them';
  meter.total('history_rows_total', rows, () => shipper.stored, { outcome: 'stored' });
  meter.total('history_rows_total', rows, () => shipper.lost, { outcome: 'lost' });
  meter.total('history_rows_total', rows, () => shipper.spilled, { outcome: 'spilled' });
  meter.gauge('history_waiting_bytes', 'Rows that wait in memory for the history engine', () => shipper.waitingBytes);
  meter.gauge('history_spill_bytes', 'Rows that wait on the disk for the history engine', () => shipper.spill.bytes);
}
