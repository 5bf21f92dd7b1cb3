import type { Feed, FeedStatus, Instrument, SnapshotSource } from '#domain';

/** Something that can bring an instrument's value: a stream or a vendor that is asked. In the user's order of preference. */
export type Carrier = Feed | SnapshotSource;

export function isFeed(carrier: Carrier): carrier is Feed {
  return 'want' in carrier;
}

/** Whether a carrier can be relied on now. One that was not asked for anything yet counts as able. */
export function isAble({ state }: Pick<FeedStatus, 'state'>): boolean {
  return state !== 'stalled' && state !== 'down';
}

/**
 * Which carrier serves which instruments: the first in order that has the instrument, and while that one is failing also the next
 * that is able. The first stays asked, so that its recovery is seen.
 */
export function distribute(
  instruments: Iterable<Instrument>,
  carriers: readonly Carrier[],
): Map<Carrier, Instrument[]> {
  const able = new Map(carriers.map((carrier) => [carrier, isAble(carrier.status())]));
  const assigned = new Map<Carrier, Instrument[]>(carriers.map((carrier) => [carrier, []]));
  for (const instrument of instruments) {
    let isFirst = true;
    for (const carrier of carriers) {
      if (!carrier.carries(instrument)) continue;
      if (isFirst || able.get(carrier)) assigned.get(carrier)?.push(instrument);
      if (able.get(carrier)) break;
      isFirst = false;
    }
  }
  return assigned;
}
