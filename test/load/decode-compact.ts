import { CLEARED_BIT } from '#compression';
import { F, QUOTE_FIELDS, SOURCE_BIT } from '#domain';

/**
 * Event times, Unix ms, of one compact batch frame. Unlike `CompactReader` it keeps no quotes and checks no sequence, so a
 * frame can be sampled without having read those before: times are relative to the frame's own send time.
 */
export function decodeCompactEventTimes(frame: Buffer): readonly number[] {
  const cursor = { at: 1 };
  const count = varint(frame, cursor);
  const sentAt = frame.readUIntBE(cursor.at, 6);
  cursor.at += 6;
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    varint(frame, cursor); // wire id
    cursor.at++; // low byte of the sequence
    const mask = varint(frame, cursor);
    const time = skipValues(frame, cursor, mask & ~CLEARED_BIT);
    if (time !== undefined) times.push(sentAt + time);
    if ((mask & CLEARED_BIT) !== 0) varint(frame, cursor);
  }
  return times;
}

/** Moves behind the values of one update; answers its event time, relative to the send time, where it has one. */
function skipValues(frame: Buffer, cursor: { at: number }, mask: number): number | undefined {
  let time: number | undefined;
  for (let slot = 0; slot < QUOTE_FIELDS.length; slot++) {
    if ((mask & (1 << slot)) === 0) continue;
    if (QUOTE_FIELDS[slot]?.kind === 'flag') cursor.at++;
    else if (slot === F.timestamp) time = unzigzag(varint(frame, cursor));
    else varint(frame, cursor);
  }
  if ((mask & SOURCE_BIT) !== 0) cursor.at += 1 + frame[cursor.at]!;
  return time;
}

function varint(frame: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = frame[cursor.at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
