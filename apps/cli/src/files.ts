import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.js';
import type { Terminal } from './terminal.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
};

/** Text of a file, or of what is piped in for `-`. @throws CliError if it cannot be read */
export async function readText(path: string, terminal: Terminal): Promise<string> {
  if (path === '-') return terminal.stdin();
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new CliError('FILE_UNREADABLE', `${JSON.stringify(path)} cannot be read: ${REASONS[code] ?? message}`);
  }
}
