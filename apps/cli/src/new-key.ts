import { hashApiKey, newApiKey } from '#auth';
import { CliError } from './cli-error.js';
import type { Terminal } from './terminal.js';

/** Prints a new API key, which is shown this once, and the record of it for API_KEYS_FILE. */
export function printNewKey(id: string, tier: string | undefined, terminal: Terminal): void {
  if (!/^[A-Za-z0-9-]{1,40}$/.test(id)) throw new CliError('USAGE', 'the id of a key is letters, digits and hyphens');
  const key = newApiKey(id);
  const record = { id, hash: hashApiKey(key), ...(tier !== undefined && { tier }) };
  terminal.out(
    `Key, shown only now:\n\n  ${key}\n\nRecord for "keys" in API_KEYS_FILE:\n\n  ${JSON.stringify(record)}\n`,
  );
}
