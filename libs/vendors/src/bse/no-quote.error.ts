import { type Instrument, SourceFailedError } from '#domain';
import { VENDOR } from './bse.body.js';

/** BSE answered, and has no price of the scrip. Not worth asking again at once. */
export class NoQuoteError extends SourceFailedError {
  constructor(
    { id }: Instrument,
    /** What BSE says about the scrip, such as a suspension; empty when nothing. */
    readonly notice = '',
  ) {
    const reason = notice === '' ? 'unknown or suspended scrip' : notice.slice(0, 100);
    super(VENDOR, `no quote of ${id}: ${reason}`, { retryable: false });
  }
}
