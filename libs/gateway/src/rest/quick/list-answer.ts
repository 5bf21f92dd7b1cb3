import type { QuoteState } from '#cache';
import type { EpochMs } from '#domain';
import type { QuoteStatus } from '#protocol';
import { deprecationHeaders } from '../deprecation.js';
import { listTag } from '../v1/quote-tag.js';
import type { QuoteText } from './quote-text.js';

const BEGINNING = '{"quotes":[';
const END = '],"errors":[]}';
/** Digits an age is written in place with: three years of milliseconds. */
const MAX_DIGITS = 11;
/** The smallest age of so many digits. */
const SMALLEST = Float64Array.from({ length: MAX_DIGITS + 2 }, (_, digits) => (digits <= 1 ? 0 : 10 ** (digits - 1)));

/** The answer to one list, kept as bytes: between two readers mostly the ages differ, and are written over. */
export class ListAnswer {
  private bytes: Buffer | undefined;
  private etag = '';
  private readonly versions: Float64Array;
  /** Where the age of each quote is written, and with how many digits. */
  private readonly agesAt: Uint32Array;
  private readonly digits: Uint8Array;
  /** Headers that are the same for every reader, as name and value in turns. */
  readonly headers: readonly string[];

  /** @param texts of the states, in their order */
  constructor(
    url: string,
    readonly states: readonly QuoteState[],
    private readonly texts: readonly QuoteText[],
  ) {
    this.headers = deprecationHeaders(url);
    this.versions = new Float64Array(states.length);
    this.agesAt = new Uint32Array(states.length);
    this.digits = new Uint8Array(states.length);
  }

  /** Tag of what was last written. */
  get tag(): string {
    return this.etag;
  }

  /** The answer of now, valid until the next call unless it was given away. */
  write(now: EpochMs, statusOf: (state: QuoteState) => QuoteStatus): Buffer {
    const { states, texts, versions, bytes } = this;
    let isSame = true;
    for (let i = 0; i < states.length; i++) {
      const text = texts[i] as QuoteText;
      text.update(statusOf(states[i] as QuoteState));
      if (text.version === versions[i]) continue;
      versions[i] = text.version;
      isSame = false;
    }
    if (!isSame)
      this.etag = listTag(
        texts.map(({ tag }) => tag),
        [],
      );
    if (isSame && bytes !== undefined && this.putAges(bytes, now)) return bytes;
    return (this.bytes = this.compose(now));
  }

  /** Leaves the bytes to whoever still reads them. */
  giveAway(): void {
    this.bytes = undefined;
  }

  /** Writes the ages over those before; false when one has another length. */
  private putAges(bytes: Buffer, now: EpochMs): boolean {
    const { states, agesAt, digits } = this;
    for (let i = 0; i < states.length; i++) {
      let age = now - (states[i] as QuoteState).confirmedAt;
      const count = digits[i] as number;
      if (!(age >= (SMALLEST[count] as number) && age < (SMALLEST[count + 1] as number))) return false;
      const begin = agesAt[i] as number;
      for (let at = begin + count - 1; at >= begin; at--) {
        const rest = Math.floor(age / 10);
        bytes[at] = 48 + age - rest * 10;
        age = rest;
      }
    }
    return true;
  }

  private compose(now: EpochMs): Buffer {
    const { states, texts } = this;
    let body = BEGINNING;
    let length = BEGINNING.length;
    for (let i = 0; i < states.length; i++) {
      const { head, headBytes, tail, tailBytes } = texts[i] as QuoteText;
      const age = String(now - (states[i] as QuoteState).confirmedAt);
      if (i > 0) {
        body += ',';
        length++;
      }
      body += head;
      body += age;
      body += tail;
      length += headBytes;
      this.agesAt[i] = length;
      // a clock that was set back makes an age negative: no number of digits fits it
      this.digits[i] = age.startsWith('-') ? MAX_DIGITS + 1 : age.length;
      length += age.length + tailBytes;
    }
    return Buffer.from(body + END);
  }
}
