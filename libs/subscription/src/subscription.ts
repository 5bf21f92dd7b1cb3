import type { Encoding } from '#compression';
import type { QuoteState } from '#cache';
import type { InstrumentId } from '#domain';
import type { SubscriptionInfo } from '#protocol';
import type { Client } from './client.js';

/** What a client asked for with its symbols; the same object serves all symbols of one message. */
export interface SubscriptionOptions extends Omit<SubscriptionInfo, 'symbol'> {
  readonly encoding: Encoding;
}

/** Clients that want one instrument in one encoding: what they get is encoded once. */
export interface Group {
  readonly state: QuoteState;
  readonly encoding: Encoding;
  /** Clients themselves, not their subscriptions: fan-out touches each entry, and a step less in memory is a tenth of its cost. */
  readonly members: Client[];
  /** Members with a frequency limit, who need a look at each update of their own. */
  readonly paced: Subscription[];
  /** Sequence of the last update written; differs from the present one only where fields were filtered out. */
  lastSequence: number;
}

/** One client's interest in one instrument. */
export interface Subscription {
  readonly client: Client;
  readonly group: Group;
  readonly options: SubscriptionOptions;
  /** Place in the group's members, or in its paced list, so that leaving is one swap. */
  index: number;
  /** With a frequency limit: when the next update may go, epoch ms. */
  dueAt: number;
}

/** A subscription as its client, and whoever looks, is told of it. */
export function infoOf(symbol: InstrumentId, options: SubscriptionOptions): SubscriptionInfo {
  const { mode, compression, batch, fields, maxFrequency, candles, unconflated } = options;
  return {
    symbol,
    mode,
    compression,
    batch,
    ...(fields && { fields }),
    ...(maxFrequency && { maxFrequency }),
    ...(candles && { candles }),
    ...(unconflated === true && { unconflated }),
  };
}
