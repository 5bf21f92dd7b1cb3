import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnv, silentLog, silentMeter, systemClock, tick, type Tick, type TickInput } from '#domain';
import { createHistory, type History, HistoryConfig } from '#history';
import { anInstrument } from './instruments.js';

/** A folder of its own for one test, gone with `remove`. */
export async function aFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tickwire-history-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** History with the real engine, which has started. */
export async function aHistory(folder: string, env: Record<string, string> = {}): Promise<History> {
  const config = readEnv(HistoryConfig, { HISTORY: 'embedded', HISTORY_DIR: folder, ...env });
  const history = createHistory(config, true, systemClock, silentLog, silentMeter);
  if (history === undefined) throw new Error('history is off');
  await history.engine.ready();
  return history;
}

/** Friday 20 November 2026, 10:00 at Mumbai. */
export const TEN = Date.UTC(2026, 10, 20, 4, 30);

const names = ['NSE:SBIN', 'NSE:INFY', 'NSE:TCS'];

/** What a recorder is told besides a tick. */
export function stateOf(symbol: string): Parameters<History['writer']['accepted']>[2] {
  return { instrument: anInstrument({ id: symbol }), wireId: names.indexOf(symbol) };
}

export function aTick(at: number, rest: Partial<TickInput> = {}): Tick {
  return tick({ instrument: 'NSE:SBIN', vendor: 'upstox', receivedAt: at + 5, eventTime: at, ...rest });
}

/** Waits until something is so. */
export async function eventually(is: () => boolean | Promise<boolean>, withinMs = 25_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await is())) {
    if (Date.now() > until) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
