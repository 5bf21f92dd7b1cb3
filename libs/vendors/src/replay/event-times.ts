import type { EpochMs, InstrumentId, Tick } from '#domain';

/**
 * Gives every recorded tick a time of its own day. One without an event time takes the newest of its instrument, or, where the instrument has
 * none, its time of receipt: ahead of the next event time it must not be, since that would then be late.
 */
export class EventTimes {
  private readonly newest = new Map<InstrumentId, EpochMs>();

  of({ instrument, eventTime, receivedAt }: Tick): EpochMs {
    const known = this.newest.get(instrument);
    if (eventTime === undefined) return known ?? receivedAt;
    if (known === undefined || eventTime > known) this.newest.set(instrument, eventTime);
    return eventTime;
  }

  clear(): void {
    this.newest.clear();
  }
}
