import type { EpochMs, InstrumentId } from '#domain';
import type { TickRow } from './import-row.js';
import { TradedSizes, type VolumeMove } from './writer/traded-sizes.js';

/** What history holds of a tick beside the tick. */
export interface SizedRow {
  /** Traded by it; undefined or NaN when it tells of no trade. */
  readonly size: number | undefined;
  readonly arrival: number;
  /** Volume that was counted with a later trade, and belongs to this one. */
  readonly moved: VolumeMove | undefined;
}

/** What the ticks of a file traded: as it says, or else worked out from row to row of a symbol. */
export class ImportSizes {
  private readonly known = new Map<InstrumentId, { readonly sizes: TradedSizes; receivedAt: EpochMs }>();

  /** @param areTold whether the file says it */
  constructor(private readonly areTold: boolean) {}

  /** @returns what is wrong with the row, in words, when it stands where nothing can be worked out */
  of({ tick, late, size }: TickRow): SizedRow | string {
    const { instrument, receivedAt, volume } = tick;
    let known = this.known.get(instrument);
    if (known === undefined) this.known.set(instrument, (known = { sizes: new TradedSizes(), receivedAt }));
    const { sizes } = known;
    if (this.areTold) return { size, arrival: sizes.arrival(receivedAt), moved: undefined };
    if (receivedAt < known.receivedAt) return `it is older than the row of ${instrument} above; sort by time`;
    known.receivedAt = receivedAt;
    const traded = late ? sizes.late(tick) : sizes.accepted(tick, volume);
    return { size: traded, arrival: sizes.arrival(receivedAt), moved: late ? sizes.moved : undefined };
  }
}
