import type { EpochMs, InstrumentId } from '#domain';
import type { QuoteStatus } from '#protocol';

/** In a fleet: the node that brings prices in, while it is another one. */
export interface Elsewhere {
  /** Whether prices come from there, if at all. Vendors are not asked from here then. */
  readonly isUsed: boolean;

  /** Whether this node is told of the instrument. */
  wants(id: InstrumentId): boolean;
  /** When it last confirmed the quote; 0 for never. */
  vouchedAt(id: InstrumentId): EpochMs;
  /** How fresh it says the quote is; undefined where it does not say, or is not heard. */
  statusOf(id: InstrumentId): QuoteStatus | undefined;
}
