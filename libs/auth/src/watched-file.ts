import { readFile } from 'node:fs/promises';
import type { Cancel, Clock, Log } from '#domain';

/** Pause between two looks at a file, ms. Reading it is certain where change notices are not: on network mounts and behind links. */
const LOOK_EVERY_MS = 1000;

/** Reads a file again and again, and says when its text is another. */
export class WatchedFile {
  private cancel: Cancel | undefined;

  /** @param text what the file held when it was last read */
  constructor(
    readonly path: string,
    private text: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** @param changed takes the new text; what it throws is logged, and the text before stays in force */
  start(changed: (text: string) => void): void {
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => void this.look(changed).then(() => this.again(changed)));
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private again(changed: (text: string) => void): void {
    if (this.cancel !== undefined) this.start(changed);
  }

  private async look(changed: (text: string) => void): Promise<void> {
    const { path } = this;
    try {
      const text = await readFile(path, 'utf8');
      if (text === this.text || this.cancel === undefined) return;
      this.text = text;
      changed(text);
      this.log.info({ path }, 'file read again');
    } catch (error) {
      this.log.error(
        { path, reason: (error as Error).message },
        'changed file cannot be used; what was read before stays',
      );
    }
  }
}
