import type { EpochMs, InstrumentId } from '#domain';
import type { QuoteStatus } from '#protocol';

/** In a fleet: the node that brings prices in, while it is another one. */
export interface Elsewhere {
  /** Whether prices come from there, if at all. Vendors are not asked from here then. */
  readonly isUsed: boolean;
  /** When it was last heard; 0 for never. */
  readonly heardAt: EpochMs;
  /** Whether this node is told of the instrument. */
  wants(id: InstrumentId): boolean;
  /** How fresh it says the quote is; undefined where it does not say, or is not heard. */
  statusOf(id: InstrumentId): QuoteStatus | undefined;
}
