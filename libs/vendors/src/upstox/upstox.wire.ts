import protobuf from 'protobufjs/minimal.js';

/** Reads protobuf's wire format from one frame. */
export type Reader = protobuf.Reader;

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** Tags as they stand before a value: the field's number, and how its value is written. */
export const varintTag = (field: number): number => (field << 3) | VARINT;
export const doubleTag = (field: number): number => (field << 3) | FIXED_64;
export const bytesTag = (field: number): number => (field << 3) | BYTES;

export function readerOf(frame: Buffer): Reader {
  return protobuf.Reader.create(frame);
}

/** Reads the length before a message or string. @returns where it ends. @throws Error if that is outside of what contains it */
export function endOf(reader: Reader, limit: number): number {
  const end = reader.uint32() + reader.pos;
  if (end > limit) throw new Error('a message is longer than what contains it');
  return end;
}

/** @throws Error if the last value went beyond its message */
export function expectEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new Error('a value is longer than its message');
}

/** Steps over the value of a field nobody asked for. @throws Error for what proto3 does not have */
export function skip(reader: Reader, tag: number, limit: number): void {
  if (tag >>> 3 === 0) throw new Error('a field has no number');
  switch (tag & 7) {
    case VARINT:
      return void reader.skip();
    case FIXED_64:
      return void reader.skip(8);
    case BYTES:
      reader.pos = endOf(reader, limit);
      return;
    case FIXED_32:
      return void reader.skip(4);
    default:
      throw new Error(`there is no wire type ${tag & 7}`);
  }
}

/**
 * Reads an `int64` as a number, exact up to 2^53. The library's own makes two objects of each.
 * @throws Error if it has more than ten bytes, or the frame ends in it
 */
export function int64(reader: Reader): number {
  const { buf, len } = reader;
  let { pos } = reader;
  let low = 0;
  let middle = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    if (pos >= len) break;
    const byte = buf[pos++] as number;
    if (i < 4) low |= (byte & 0x7f) << (i * 7);
    else if (i < 8) middle |= (byte & 0x7f) << ((i - 4) * 7);
    else high |= (byte & 0x7f) << ((i - 8) * 7);
    if (byte < 0x80) {
      reader.pos = pos;
      // the 64th bit is the sign; parts of 28, 28 and 8 bits stay exact in two's complement
      return (high & 0x80) === 0
        ? low + (middle + (high & 0xff) * 2 ** 28) * 2 ** 28
        : low - 2 ** 28 + (middle - (2 ** 28 - 1) + ((high & 0xff) - 0xff) * 2 ** 28) * 2 ** 28;
    }
  }
  throw new Error('an integer does not end');
}
