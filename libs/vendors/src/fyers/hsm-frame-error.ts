import { VendorFrameError } from '#domain';

/** As hexadecimal digits they fill the sample of a report. */
const SAMPLE_BYTES = 100;

/** What is thrown for bytes that fit no documented variant. @param from where the part begins that cannot be read */
export function unreadable(reason: string, frame: Buffer, from = 0): VendorFrameError {
  return new VendorFrameError('fyers', reason, frame.toString('hex', from, from + SAMPLE_BYTES));
}
