import type { QuoteState } from '#cache';
import { QUOTE_FIELD_COUNT, type VendorId } from '#domain';
import type { QuoteStatus } from '#protocol';
import { quoteTag } from '../v1/quote-tag.js';

/** A quote as JSON, as far as it is the same for every request until it changes. */
interface QuoteText {
  readonly values: Float64Array;
  source: VendorId;
  /** Without the closing bracket. */
  json: string;
  /** Whether each character is one byte. */
  isAscii: boolean;
  status: QuoteStatus;
  tag: string;
}

/** Keeps the text of each quote until the quote changes, so that a reader costs a comparison and not a serialisation. */
export class QuoteTexts {
  private readonly texts = new WeakMap<QuoteState, QuoteText>();

  /** @returns valid until the next call for the same state */
  of(state: QuoteState, status: QuoteStatus): Readonly<Pick<QuoteText, 'json' | 'isAscii' | 'tag'>> {
    const known = this.texts.get(state);
    if (known !== undefined && known.status === status && isSame(state, known)) return known;
    const text = known ?? unwritten();
    if (known === undefined) this.texts.set(state, text);
    const quote = state.quote();
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) text.values[slot] = state.latest(slot);
    text.source = state.latestSource;
    text.json = JSON.stringify(quote).slice(0, -1);
    text.isAscii = Buffer.byteLength(text.json) === text.json.length;
    text.status = status;
    text.tag = quoteTag(quote, status);
    return text;
  }
}

function unwritten(): QuoteText {
  const values = new Float64Array(QUOTE_FIELD_COUNT);
  return { values, source: '', json: '', isAscii: true, status: 'live', tag: '' };
}

/** Compares the values themselves: sequences begin anew with each epoch, and a value may come from elsewhere than a tick. */
function isSame(state: QuoteState, text: QuoteText): boolean {
  const { values } = text;
  if (text.source !== state.latestSource) return false;
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    const before = values[slot] as number;
    const now = state.latest(slot);
    // NaN differs from itself: unknown before and now is no change. `Object.is` says so too, and puts every number on the heap for it
    if (before !== now && (before === before || now === now)) return false;
  }
  return true;
}
