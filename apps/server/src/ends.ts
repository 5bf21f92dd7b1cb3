import { setTimeout as sleep } from 'node:timers/promises';

/** Ends something that was begun. */
export type End = () => unknown;

/** What has been begun, to be ended in reverse order: by a stop, or because the start has failed. */
export class Ends {
  private readonly ends: End[] = [];

  /** Something has been begun that ends like this. */
  begun(...ends: readonly End[]): void {
    this.ends.push(...ends);
  }

  /**
   * Ends each once, the newest first, one after the other.
   * @param failed told of an end that throws; the others follow all the same
   * @param withinMs how long each may take at most before the next follows; absent for as long as it takes
   */
  async run(failed: (error: unknown) => void, withinMs?: number): Promise<void> {
    for (let end = this.ends.pop(); end !== undefined; end = this.ends.pop()) {
      try {
        await (withinMs === undefined ? end() : atMost(withinMs, end));
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** Waits for an end, but no longer than `ms`. */
export async function atMost(ms: number, end: End): Promise<void> {
  const ended = new AbortController();
  const late = sleep(ms, undefined, { signal: ended.signal }).catch(() => undefined);
  // what comes after it is to be done, though nothing else may keep the process
  await Promise.race([end(), late]).finally(() => ended.abort());
}
