import type { Quote } from '#domain';
import type { QuoteStatus } from '#protocol';
import { digest } from '../etag.js';

/** Same quote, same tag: age and layer change with every request and are left out, so a poller gets 304 until a price moves. */
export function quoteTag(quote: Quote, status: QuoteStatus): string {
  return digest(JSON.stringify({ ...quote, age: undefined }) + status);
}

/** Tag of a list, by the tags of its quotes. */
export function listTag(tags: readonly string[], errors: readonly object[]): string {
  return digest(tags.join() + JSON.stringify(errors));
}
