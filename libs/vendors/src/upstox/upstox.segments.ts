import type { Log } from '#domain';
import type { SegmentStatus } from './upstox.parse.js';

/** Tells when a market segment opens or closes; every connection begins with the state of all of them, which is no news. */
export class SegmentLog {
  private readonly statuses = new Map<string, SegmentStatus>();

  constructor(private readonly log: Log) {}

  heard(name: string, status: SegmentStatus): void {
    const before = this.statuses.get(name);
    if (before === status) return;
    this.statuses.set(name, status);
    if (before === undefined) return;
    this.log.info({ vendor: 'upstox', segment: name, status }, 'market segment changed');
  }
}
