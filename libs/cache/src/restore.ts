import type { InstrumentId } from '#domain';
import type { LastValueStore } from './last-value.store.js';
import type { QuoteCache } from './quote-cache.js';
import type { QuoteState } from './quote-state.js';

/** A process that has just begun is slow, and nobody waits for it yet, ms. */
const PATIENCE_MS = 1000;
/** Keys of one look-up. */
const CHUNK = 250;

/**
 * Takes the values Redis still has for first values, stale until a vendor confirms them; newer ones in memory stay.
 * @returns the states that have got a value
 */
export async function restore(
  ids: Iterable<InstrumentId>,
  lastValues: LastValueStore,
  cache: QuoteCache,
): Promise<QuoteState[]> {
  const all = [...ids];
  const restored: QuoteState[] = [];
  for (let at = 0; at < all.length; at += CHUNK) {
    const found = await cache.patiently(PATIENCE_MS, () => cache.get(all.slice(at, at + CHUNK)));
    for (const [id, { quote }] of found) {
      if (quote === undefined) continue;
      const state = lastValues.peek(id);
      if (state?.restore(quote.quote, quote.at, quote.halted)) restored.push(state);
    }
  }
  return restored;
}
