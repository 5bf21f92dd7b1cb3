import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { COUNTERS, EXPECTED, OFFERED, TICKS, type FeedThreadData } from './feed-counters.js';

export interface FeedTotals {
  readonly ticks: number;
  readonly offered: number;
  readonly expected: number;
}

/** The generator's hold on a feed that runs in a thread of its own. */
export class FeedThread {
  private constructor(
    private readonly worker: Worker,
    private readonly counters: Float64Array,
    readonly port: number,
  ) {}

  static async start(data: Omit<FeedThreadData, 'counters'>): Promise<FeedThread> {
    const counters = new SharedArrayBuffer(COUNTERS * Float64Array.BYTES_PER_ELEMENT);
    const worker = new Worker(new URL('./feed-worker.js', import.meta.url), { workerData: { ...data, counters } });
    const [port] = (await once(worker, 'message')) as [number];
    return new FeedThread(worker, new Float64Array(counters), port);
  }

  /** Ticks a second of each symbol. */
  setRate(ticksPerSecond: number): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.worker.postMessage(ticksPerSecond);
  }

  totals(): FeedTotals {
    return { ticks: this.counters[TICKS]!, offered: this.counters[OFFERED]!, expected: this.counters[EXPECTED]! };
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
