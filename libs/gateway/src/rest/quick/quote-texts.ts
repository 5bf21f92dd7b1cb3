import type { QuoteState } from '#cache';
import { F, QUOTE_FIELD_COUNT, type VendorId } from '#domain';
import type { QuoteStatus } from '#protocol';
import { quoteTag } from '../v1/quote-tag.js';

/** A quote as JSON, as far as it is the same for every request until it changes. */
interface QuoteText {
  /** Of the state when it was last compared. */
  merged: number;
  sequence: number;
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
    text.merged = state.merged;
    text.sequence = state.sequence;
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
  return { merged: -1, sequence: -1, values, source: '', json: '', isAscii: true, status: 'live', tag: '' };
}

function isSame(state: QuoteState, text: QuoteText): boolean {
  const { values } = text;
  // values change with a merged tick, or another process' position, and staleness by itself
  if (state.merged === text.merged && state.sequence === text.sequence)
    return values[F.stale] === state.latest(F.stale);
  if (text.source !== state.latestSource) return false;
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) if (!Object.is(values[slot], state.latest(slot))) return false;
  text.merged = state.merged;
  text.sequence = state.sequence;
  return true;
}
