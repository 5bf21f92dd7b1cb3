import { createRequire } from 'node:module';

/** The part of chDB that is used. The package is optional, so its own types cannot be. */
export interface ChdbSession {
  queryAsync(sql: string, options: { format: string }): Promise<{ bytes(): Uint8Array }>;
  close(): void;
}

interface Chdb {
  readonly Session: new (folder: string, options: { connectionArgs: readonly string[] }) => ChdbSession;
}

const require = createRequire(import.meta.url);

/** @throws Error where the package, or its engine for this platform, is not installed */
export function loadChdb(): Chdb {
  return require('chdb') as Chdb;
}

/** Whether there is an engine for this platform. Looks for its files and loads nothing. */
export function isChdbInstalled(): boolean {
  try {
    const { tryResolveLibchdb } = require('chdb/libchdb') as { tryResolveLibchdb(): object | undefined };
    return tryResolveLibchdb() !== undefined;
  } catch {
    return false;
  }
}
