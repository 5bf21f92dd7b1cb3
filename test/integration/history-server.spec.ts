import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '#domain';
import { EmbeddedEngine } from '#history';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { aFolder, eventually } from '../support/a-history.js';
import { NodeProcess } from '../support/node-process.js';
import { aSandbox } from '../support/vendor-sandbox.js';

/** Several servers start one after the other. */
const PATIENCE = { timeout: 120_000 };

let folder: Awaited<ReturnType<typeof aFolder>>;
let sandbox: Sandbox;
let server: NodeProcess | undefined;

beforeEach(async () => {
  folder = await aFolder();
  sandbox = await aSandbox({});
});

afterEach(async () => {
  await server?.end();
  await sandbox.close();
  await folder.remove();
});

function start(history: string): Promise<NodeProcess> {
  return NodeProcess.start({
    ...sandbox.settings,
    VENDORS: 'fyers',
    ESSENTIAL: 'NSE:SBIN,NSE:INFY,NSE:TCS',
    MARKET_HOURS: 'always',
    LOG_LEVEL: 'info',
    HISTORY: history,
    HISTORY_DIR: folder.path,
  });
}

interface Health {
  readonly details: { readonly history: { readonly status: string; readonly storedRows: number } };
}

async function stored(): Promise<number> {
  return ((await (server as NodeProcess).get('/health')) as unknown as Health).details.history.storedRows;
}

it('has after kill -9 all but the last second', PATIENCE, async () => {
  server = await start('embedded');
  await eventually(async () => (await stored()) > 20);
  const before = await stored();
  const killedAt = Date.now();
  await server.end();
  const engine = new EmbeddedEngine(
    { folder: folder.path, memoryBytes: 536_870_912, threads: 1 },
    () => Promise.resolve(),
    systemClock,
    silentLog,
  );
  await engine.ready();
  const sql = 'SELECT count() AS n, toUnixTimestamp64Milli(max(received)) AS newest FROM tickwire.ticks';
  const [row] = await engine.rows<{ n: number; newest: number }>(sql);
  await engine.close();
  expect(row?.n).toBeGreaterThanOrEqual(before);
  expect(killedAt - (row?.newest ?? 0)).toBeLessThan(8000);
});

it('tells a second server on the same folder which process uses it', PATIENCE, async () => {
  server = await start('embedded');
  await expect(start('embedded')).rejects.toThrow(`in use by process ${server.pid}`);
  const third = await start('auto');
  await eventually(() => third.logs.includes('history is off'));
  await third.end();
});
