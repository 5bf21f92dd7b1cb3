import { unreadable } from './hsm-frame-error.js';
import { ACCEPTED, MESSAGE } from './hsm-protocol.js';

/** An answer to one of our messages. There is no reason text and nothing about single topics. */
export interface HsmStatus {
  readonly isAccepted: boolean;
  /** Every how many data messages the vendor wants an acknowledgement; 0 for never. Only the answer to the first message tells it. */
  readonly ackEvery: number;
}

const STATUS_FIELD = 1;
const ACK_FIELD = 2;

/**
 * Reads an answer: `u8 field count`, then fields of `u8 id, u16 length, bytes`.
 * Field 1 is `K` or `N`; 2, to the first message, a u32: acknowledge every so manieth data message; 3, to the first message, a
 * JSON description of the stream, which is passed over, as FYERS' Go, C and Python clients do: the order of fields is fixed.
 * @throws VendorFrameError without field 1, or when a field does not fit into the frame
 */
export function readStatus(frame: Buffer): HsmStatus {
  if (frame.length < 4) throw unreadable('an answer without fields', frame);
  let isAccepted: boolean | undefined;
  let ackEvery = 0;
  let at = 4;
  for (let left = frame[3] as number; left > 0; left--) {
    if (at + 3 > frame.length) throw unreadable('an answer that ends early', frame);
    const id = frame[at] as number;
    const length = frame.readUInt16BE(at + 1);
    at += 3;
    if (at + length > frame.length) throw unreadable('an answer that ends early', frame);
    if (id === STATUS_FIELD && length === 1) isAccepted = frame[at] === ACCEPTED;
    if (id === ACK_FIELD && length === 4 && frame[2] === MESSAGE.auth) ackEvery = frame.readUInt32BE(at);
    at += length;
  }
  if (isAccepted === undefined) throw unreadable('an answer without a status', frame);
  return { isAccepted, ackEvery };
}
