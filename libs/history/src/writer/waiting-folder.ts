import { mkdirSync } from 'node:fs';
import { FolderInUseError, FolderLock } from '../folder-lock.js';

/** Processes that may share one HISTORY_DIR when a server holds their ticks. */
const MOST = 64;

/**
 * A folder of this process alone: the one given, or with a number behind where others of a fleet on this machine have taken it. The first that
 * is free, so that what a process leaves behind is found by the next one.
 */
export function claimFolder(base: string): { folder: string; release(): void } {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? base : `${base}-${number}`;
    mkdirSync(folder, { recursive: true });
    try {
      const lock = new FolderLock(folder);
      return { folder, release: () => lock.release() };
    } catch (error) {
      if (!(error instanceof FolderInUseError) || number === MOST) throw error;
    }
  }
}
