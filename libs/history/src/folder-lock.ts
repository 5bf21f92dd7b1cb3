import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another process uses the folder of the embedded engine. */
export class FolderInUseError extends Error {
  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(`the history folder is in use by process ${pid}; stop it, or give this one another HISTORY_DIR`);
    this.name = 'FolderInUseError';
  }
}

/** Keeps a folder for this process. A lock left by one that is gone counts for nothing. */
export class FolderLock {
  private readonly file: string;
  private isHeld = true;

  /** @throws FolderInUseError */
  constructor(folder: string) {
    this.file = join(folder, 'gateway.pid');
    try {
      this.write('wx');
    } catch {
      const [pid = NaN, startedAt = ''] = readFileSync(this.file, 'utf8').split(' ');
      if (startOf(Number(pid)) === startedAt) throw new FolderInUseError(folder, Number(pid));
      this.write('w');
    }
  }

  release(): void {
    if (this.isHeld) rmSync(this.file, { force: true });
    this.isHeld = false;
  }

  private write(flag: 'wx' | 'w'): void {
    writeFileSync(this.file, `${process.pid} ${startOf(process.pid) ?? ''}`, { flag });
  }
}

/** Something that a later process of the same number does not share; undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // there is one, of another user
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    // not Linux: that there is such a process has to do
    return '';
  }
}
