import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, type ReplayControl, type ReplayProgress } from '#domain';
import { REPLAY_CONTROL } from '#gateway';
import { CliError } from './cli-error.js';
import { isRunning } from './history-source.js';
import { replayOptions } from './replay-options.js';
import type { Terminal } from './terminal.js';

const LOOK_MS = 200;
const PROGRESS_MS = 5000;

/**
 * Runs a recorded day through a server of its own, until the user ends it.
 * @throws CliError `USAGE`, `CONFIG`, `NO_TICKS` when nothing was recorded, `REPLAY_FAILED`
 */
export async function replay(args: readonly string[], terminal: Terminal): Promise<void> {
  const options = replayOptions(args, terminal.env);
  const interrupted = new AbortController();
  void terminal.interrupted?.().then(() => interrupted.abort());
  const { server: other } = options;
  const isAsked = options.file === undefined && (await isRunning(other));
  // the folder of a running server's history is its own
  const source = isAsked ? { REPLAY_URL: other, HISTORY: 'off' } : options.file === undefined ? {} : { HISTORY: 'off' };
  const server = await start({ ...terminal.env, ...ALONE, ...options.settings, ...source, PORT: options.port });
  try {
    const socket = `${server.url.replace('http', 'ws')}/ws`;
    terminal.out(
      `Replaying ${options.file ?? options.date} at speed ${options.speed} on ${server.url}. Ctrl-C stops it.\n`,
    );
    terminal.out(`\n  npm run watch -- --url ${socket} NSE:RELIANCE NSE:TCS\n\n`);
    const control = server.app.get<symbol, ReplayControl>(REPLAY_CONTROL);
    const advice = options.file === undefined ? '; replay --demo needs no recording' : '';
    await follow(control, terminal, interrupted.signal, advice);
  } finally {
    await server.stop();
  }
}

/** The replay's server has clients of its own and no part in a fleet. */
const ALONE: Readonly<Record<string, string>> = {
  VENDORS: 'replay',
  LOG_LEVEL: 'warn',
  HOST: '127.0.0.1',
  BSE_BHAVCOPY: '',
  REDIS_URL: '',
  REDIS_SENTINELS: '',
  REDIS_CLUSTER: '',
  DRAIN_GRACE_MS: '0',
};

async function start(env: Readonly<Record<string, string | undefined>>) {
  const { startServer } = await import('../../server/src/server.js');
  try {
    return await startServer(env);
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError('CONFIG', error.message);
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new CliError('CONFIG', `another program uses port ${env['PORT']}; choose one with --port`);
    throw error;
  }
}

/** Tells how far it is, and when it is over; then quotes stay until the user ends it. */
async function follow(
  control: ReplayControl,
  terminal: Terminal,
  interrupted: AbortSignal,
  advice: string,
): Promise<void> {
  for (let waited = 0; ; waited += LOOK_MS) {
    await sleep(LOOK_MS, undefined, { signal: interrupted }).catch(() => undefined);
    if (interrupted.aborted) return;
    const progress = control.progress();
    if (progress.state === 'failed')
      throw new CliError('REPLAY_FAILED', progress.error ?? 'the recording cannot be read');
    if (progress.state === 'ended') {
      if (progress.ticks === 0) throw new CliError('NO_TICKS', `nothing was recorded: ${progress.recording}${advice}`);
      terminal.out(`The recording is over: ${progress.ticks} ticks. Its last quotes stay until Ctrl-C.\n`);
      await once(interrupted, 'abort');
      return;
    }
    if (waited % PROGRESS_MS === 0 && progress.position !== undefined) terminal.out(line(progress));
  }
}

function line({ position = 0, ticks, state, behindMs }: ReplayProgress): string {
  const behind = behindMs > 1000 ? `, ${Math.round(behindMs / 1000)} s behind` : '';
  return `${new Date(position).toISOString()}  ${ticks} ticks${state === 'paused' ? ', paused' : ''}${behind}\n`;
}
