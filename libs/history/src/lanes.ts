import { givenUp, unavailable } from './engine-error.js';

/** Lets so many tasks run at one time; a bounded number of others waits in line. */
export class Lanes {
  private running = 0;
  private readonly line: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly longest: number,
  ) {}

  /** @throws MarketDataError `HISTORY_UNAVAILABLE` when too many wait already */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.running >= this.width) await this.wait(signal);
    else this.running++;
    try {
      return await task();
    } finally {
      const next = this.line.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }

  private wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.line.length >= this.longest)
      return Promise.reject(unavailable('Too many statements wait for the history engine'));
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.line.splice(this.line.indexOf(enter), 1);
        reject(givenUp());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.line.push(enter);
    });
  }
}
