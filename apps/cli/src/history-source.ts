import { request } from 'undici';
import { ConfigError, readEnv, silentLog, silentMeter, systemClock } from '#domain';
import { createHistory, type History, HistoryConfig } from '#history';
import { CliError } from './cli-error.js';
import type { Terminal } from './terminal.js';

const ASK_MS = 2000;

/** Whether a server answers: then the folder of its history is its own, and it is asked instead. */
export async function isRunning(server: string): Promise<boolean> {
  try {
    const { body } = await request(new URL('/health/live', server), { headersTimeout: ASK_MS, bodyTimeout: ASK_MS });
    await body.dump();
    return true;
  } catch {
    return false;
  }
}

/** The history at hand, as the settings name it; the caller closes it. @throws CliError `CONFIG` where there is none, or a server uses its folder */
export async function openHistory({ env }: Terminal): Promise<History> {
  try {
    const config = readEnv(HistoryConfig, env);
    // it was asked for by name here, so that it is not to be had is an error
    if (config.history === 'auto' && config.clickhouseUrl === undefined) config.history = 'embedded';
    const history = createHistory(config, true, systemClock, silentLog, silentMeter);
    if (history === undefined) throw new CliError('CONFIG', 'HISTORY is off');
    await history.engine.ready();
    return history;
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError('CONFIG', error.message);
    throw error;
  }
}
