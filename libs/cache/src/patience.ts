import type { Clock } from '#domain';

/** How long nobody asks one that was late, ms. */
const REST_MS = 1000;

/** Asks something that may hang, and goes on without the answer: late once, it is left alone for a while. */
export class Patience {
  private restsUntil = 0;

  /** @param patienceMs how long an answer may take */
  constructor(
    private readonly clock: Clock,
    private patienceMs: number,
  ) {}

  get isSpent(): boolean {
    return this.clock.elapsed() < this.restsUntil;
  }

  /** Waits longer while `work` runs, which nobody else waits for. */
  async longer<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
    const usual = this.patienceMs;
    this.patienceMs = patienceMs;
    try {
      return await work();
    } finally {
      this.patienceMs = usual;
    }
  }

  /** @throws what the call throws, or Error when there is no answer in time; at once while it is left alone */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.isSpent) throw new Error('left alone after a late answer');
    return await new Promise<T>((resolve, reject) => {
      const { patienceMs } = this;
      const cancel = this.clock.after(patienceMs, () => {
        this.restsUntil = this.clock.elapsed() + REST_MS;
        reject(new Error(`no answer within ${patienceMs} ms`));
      });
      call().then(resolve, reject).finally(cancel);
    });
  }
}
