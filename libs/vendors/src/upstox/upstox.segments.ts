import type { Log } from '#domain';
import type { SegmentStatus } from './upstox.parse.js';

/** Tells when a market segment opens or closes; the stream repeats the state of all of them on every connection. */
export class SegmentLog {
  private readonly statuses = new Map<string, SegmentStatus>();

  constructor(private readonly log: Log) {}

  heard(name: string, status: SegmentStatus): void {
    if (this.statuses.get(name) === status) return;
    this.statuses.set(name, status);
    this.log.info({ vendor: 'upstox', segment: name, status }, 'market segment changed');
  }
}
