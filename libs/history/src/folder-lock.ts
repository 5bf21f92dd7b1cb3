import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

/** Times a lock is tried while others come and go. */
const TRIES = 5;

/** Keeps a folder for this process. A lock left by one that is gone counts for nothing, and neither does a file that names none. */
export class FolderLock {
  private readonly file: string;
  private isHeld = true;

  /** @throws FolderInUseError, or the file system's error where nothing can be written */
  constructor(private readonly folder: string) {
    this.file = join(folder, 'gateway.pid');
    // written aside, then put in place as a whole: nobody finds it empty, also where the power fails
    const own = `${this.file}.${process.pid}`;
    writeFileSync(own, `${process.pid} ${startOf(process.pid) ?? ''}`, { flush: true });
    try {
      for (let tries = 1; !this.take(own); tries++)
        if (tries === TRIES) throw new Error(`the history folder ${folder} could not be locked`);
    } finally {
      rmSync(own, { force: true });
    }
  }

  release(): void {
    if (this.isHeld) rmSync(this.file, { force: true });
    this.isHeld = false;
  }

  /** Whether the lock is ours; if not, one that was left has been put away. */
  private take(own: string): boolean {
    try {
      linkSync(own, this.file);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const left = this.read(this.file);
    const holder = holderOf(left);
    if (holder !== undefined) throw new FolderInUseError(this.folder, holder);
    this.putAway(left);
    return false;
  }

  private putAway(left: string): void {
    const aside = `${this.file}.${process.pid}.left`;
    try {
      renameSync(this.file, aside);
      // another process was faster, and this is its lock
      if (this.read(aside) !== left) linkSync(aside, this.file);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
    } finally {
      rmSync(aside, { force: true });
    }
  }

  private read(file: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The process that a lock names, if it is there. */
function holderOf(lock: string): number | undefined {
  const [number = '', startedAt = ''] = lock.split(' ');
  const pid = Number(number);
  return Number.isInteger(pid) && pid > 0 && startOf(pid) === startedAt ? pid : undefined;
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
