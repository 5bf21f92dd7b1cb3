import { OTHER, SLOW, SNAPSHOT } from './count-updates.js';
import type { EventTimes } from './event-times.js';
import { Histogram } from './histogram.js';

/** Updates a second whose latency is taken: enough for a p99, few enough that parsing them does not load the generator. */
const SAMPLED_PER_SECOND = 8_000;

/** What all clients of one server have received together. Only grows; a measurement takes differences. */
export class Tally {
  updates = 0;
  messages = 0;
  bytes = 0;
  snapshots = 0;
  slowNotices = 0;
  disconnects = 0;
  lastDisconnect = '';
  readonly latency = new Histogram();
  private stride = 1;
  private untilSample = 1;

  /**
   * Each message has the same chance to be sampled, and all updates of a sampled message count, so quantiles are of
   * updates whatever the batching.
   */
  sampleFor(deliveriesPerSecond: number): void {
    this.stride = Math.max(1, Math.round(deliveriesPerSecond / SAMPLED_PER_SECOND));
    this.untilSample = this.stride;
  }

  /** `count` is what the `count*` functions answer. */
  take(count: number, eventTimes: EventTimes, bytes: Buffer, start: number, end: number): void {
    if (count > OTHER) {
      this.updates += count;
      this.messages++;
      if (--this.untilSample <= 0) this.sample(eventTimes(bytes, start, end));
    } else if (count === SNAPSHOT) this.snapshots++;
    else if (count === SLOW) this.slowNotices++;
  }

  private sample(eventTimes: readonly number[]): void {
    const now = Date.now();
    for (const eventTime of eventTimes) this.latency.record(now - eventTime);
    // A random gap, or a fixed stride would meet the same clients of each flush.
    this.untilSample = 1 + Math.floor(Math.random() * (2 * this.stride - 1));
  }
}
