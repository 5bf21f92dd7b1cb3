import type { QuoteState } from '#cache';
import { QUOTE_FIELD_COUNT, type VendorId } from '#domain';
import type { QuoteStatus } from '#protocol';
import { quoteTag } from '../v1/quote-tag.js';

/** A quote as JSON, kept until the quote changes, so that a reader costs a comparison and not a serialisation. */
export class QuoteText {
  /** Up to its age, and from there on. */
  head = '';
  tail = '';
  /** Bytes of both as UTF-8. */
  headBytes = 0;
  tailBytes = 0;
  tag = '';
  /** Counts what it has been. */
  version = 0;
  private readonly values = new Float64Array(QUOTE_FIELD_COUNT);
  private source: VendorId = '';
  private status: QuoteStatus | undefined;

  constructor(private readonly state: QuoteState) {}

  /** Brings it up to date. */
  update(status: QuoteStatus): void {
    if (this.status === status && this.isSame()) return;
    const { state } = this;
    const quote = state.quote();
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) this.values[slot] = state.latest(slot);
    this.source = state.latestSource;
    this.status = status;
    this.head = `${JSON.stringify(quote).slice(0, -1)},"age":`;
    this.tail = `,"layer":"l1","status":"${status}"}`;
    this.headBytes = Buffer.byteLength(this.head);
    this.tailBytes = Buffer.byteLength(this.tail);
    this.tag = quoteTag(quote, status);
    this.version++;
  }

  /** Compares the values themselves: sequences begin anew with each epoch, and a value may come from elsewhere than a tick. */
  private isSame(): boolean {
    const { state, values } = this;
    if (this.source !== state.latestSource) return false;
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      const before = values[slot] as number;
      const now = state.latest(slot);
      // NaN differs from itself: unknown before and now is no change. `Object.is` says so too, and puts every number on the heap for it
      if (before !== now && (before === before || now === now)) return false;
    }
    return true;
  }
}
