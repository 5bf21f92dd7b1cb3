import type { InstrumentId, Tick } from '#domain';

interface Count {
  vendor: string;
  /** What to add to the vendor's count to get ours. */
  offset: number;
  told: number;
}

/**
 * Gives every recorded tick a count of the day that goes on from the one before. Vendors count for themselves, and a replay is one vendor: where
 * another one takes over, the difference between the two counts was not traded.
 */
export class Counts {
  private readonly known = new Map<InstrumentId, Count>();

  of({ instrument, vendor, volume }: Tick): number | undefined {
    if (volume === undefined || Number.isNaN(volume)) return volume;
    let count = this.known.get(instrument);
    if (count === undefined) this.known.set(instrument, (count = { vendor, offset: 0, told: volume }));
    if (count.vendor !== vendor) {
      count.vendor = vendor;
      count.offset = count.told - volume;
    }
    // a count that begins anew begins with no less than nothing
    if (volume + count.offset < 0) count.offset = -volume;
    return (count.told = volume + count.offset);
  }

  clear(): void {
    this.known.clear();
  }
}
