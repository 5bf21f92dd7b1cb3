import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, silentLog, silentMeter, systemClock } from '#domain';
import { createHistory, type History, HistoryConfig } from '#history';
import { FolderInUseError, FolderLock } from '../../libs/history/src/folder-lock.js';
import { Spill } from '../../libs/history/src/writer/spill.js';
import { claimFolder } from '../../libs/history/src/writer/waiting-folder.js';
import { aFolder, eventually } from '../support/a-history.js';

let folder: Awaited<ReturnType<typeof aFolder>>;

beforeEach(async () => {
  folder = await aFolder();
});

afterEach(() => folder.remove());

function open(given: Partial<HistoryConfig>): { history: History | undefined; warnings: string[] } {
  const warnings: string[] = [];
  const log = {
    ...silentLog,
    warn: (facts: object, text: string) => void warnings.push(`${text} ${JSON.stringify(facts)}`),
  };
  const config = Object.assign(new HistoryConfig(), { historyDir: folder.path }, given);
  return { history: createHistory(config, true, systemClock, log, silentMeter), warnings };
}

describe('a folder that cannot be used', () => {
  const SERVER = { clickhouseUrl: 'http://127.0.0.1:9' };

  it.each([
    ['it cannot be made', 'history', {}],
    ['what waits has no place in it', 'waiting', {}],
    ['what waits for a server has no place in it', 'waiting', SERVER],
  ])('turns history off, or ends the start with the reason: %s', async (_why, name, given) => {
    writeFileSync(join(folder.path, name), 'a file');
    const historyDir = name === 'history' ? join(folder.path, 'history', 'below') : folder.path;
    const { history, warnings } = open({ ...given, historyDir });
    expect(history).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/history is off.*HISTORY_DIR: E(NOTDIR|EXIST)/)]);
    await eventually(() => !existsSync(join(folder.path, 'gateway.pid')));
    const insisting = 'clickhouseUrl' in given ? 'server' : 'embedded';
    expect(() => open({ ...given, historyDir, history: insisting })).toThrow(ConfigError);
    await eventually(() => !existsSync(join(folder.path, 'gateway.pid')));
  });
});

describe('the lock of a folder', () => {
  const lock = (): string => join(folder.path, 'gateway.pid');

  it.each(['', '\n', 'abc', '0', '-1 0', '1.5', '999999999 1'])('that holds %j holds nobody back', (left) => {
    writeFileSync(lock(), left);
    const held = new FolderLock(folder.path);
    expect(readFileSync(lock(), 'utf8')).toContain(String(process.pid));
    expect(() => new FolderLock(folder.path)).toThrow(FolderInUseError);
    expect(readdirSync(folder.path)).toEqual(['gateway.pid']);
    held.release();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe('what waits', () => {
  it('is found by the next process, whichever folder it was left in', async () => {
    const base = join(folder.path, 'waiting');
    const claims = [claimFolder(base), claimFolder(base), claimFolder(base)];
    for (const [i, { folder: own }] of claims.entries()) {
      const spill = new Spill(own, 1_000_000, silentLog);
      const bytes = Buffer.from('rows');
      await spill.keep({ token: `t-${i}`, table: 'tickwire.ticks', format: 'Native', rows: 1, bytes });
      await spill.close();
    }
    claims[0]?.release();
    claims[1]?.release();
    const next = claimFolder(base);
    const spill = new Spill(next.folder, 1_000_000, silentLog);
    const found: (string | undefined)[] = [];
    for (; !spill.isEmpty; await spill.done()) found.push((await spill.oldest())?.token);
    // the third is not free
    expect(found).toEqual(['t-0', 't-1']);
    claims[2]?.release();
    next.release();
  });
});
