import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { FolderInUseError, FolderLock } from '../folder-lock.js';
import { segmentName, segmentNumber } from './segment.js';

/** Processes that may share one HISTORY_DIR when a server holds their ticks. */
const MOST = 64;

export interface ClaimedFolder {
  readonly folder: string;
  release(): void;
}

/**
 * A folder of this process alone: the one given, or with a number behind where others of a fleet on this machine have taken it. What processes
 * that are gone have left in the others is moved here, so that it is read whoever comes next.
 * @throws Error of the file system where there can be no such folder
 */
export function claimFolder(base: string): ClaimedFolder {
  for (let number = 1; ; number++) {
    const folder = folderOf(base, number);
    mkdirSync(folder, { recursive: true });
    try {
      const lock = new FolderLock(folder);
      adopt(base, folder);
      return { folder, release: () => lock.release() };
    } catch (error) {
      if (!(error instanceof FolderInUseError) || number === MOST) throw error;
    }
  }
}

function folderOf(base: string, number: number): string {
  return number === 1 ? base : `${base}-${number}`;
}

function adopt(base: string, own: string): void {
  for (let number = 1; number <= MOST; number++) {
    const folder = folderOf(base, number);
    if (folder !== own && existsSync(folder)) whileFree(folder, () => moveSegments(folder, own));
  }
}

function whileFree(folder: string, task: () => void): void {
  let lock: FolderLock | undefined;
  try {
    if (segmentsIn(folder).length === 0) return;
    lock = new FolderLock(folder);
    task();
  } catch {
    // in use, or another user's: what is left stays for the next start
  } finally {
    lock?.release();
  }
}

function moveSegments(from: string, to: string): void {
  let last = segmentNumber(segmentsIn(to).at(-1) ?? '') ?? 0;
  for (const name of segmentsIn(from)) renameSync(join(from, name), join(to, segmentName(++last)));
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => segmentNumber(name) !== undefined)
    .toSorted();
}
