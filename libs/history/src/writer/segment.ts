import { crc32 } from 'node:zlib';

const PREFIX = 8;
const NAME = /^(\d{10})\.spill$/;

/** Name of the file of a number: in the order of names they are in the order of time. */
export function segmentName(number: number): string {
  return `${String(number).padStart(10, '0')}.spill`;
}

/** Number of a file; undefined for one that is none of ours. */
export function segmentNumber(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A record as it stands in a file: its length, its checksum, itself. */
export function framed(record: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix.writeUInt32LE(record.length, 0);
  prefix.writeUInt32LE(crc32(record), 4);
  return Buffer.concat([prefix, record]);
}

/** The whole records of a file, in order. What a write that was cut short has left at its end, and all behind a damage, is left out. */
export function recordsOf(file: Buffer): { records: Buffer[]; lostBytes: number } {
  const records: Buffer[] = [];
  let at = 0;
  while (at + PREFIX <= file.length) {
    const end = at + PREFIX + file.readUInt32LE(at);
    if (end > file.length) break;
    const record = file.subarray(at + PREFIX, end);
    if (crc32(record) !== file.readUInt32LE(at + 4)) break;
    records.push(record);
    at = end;
  }
  return { records, lostBytes: file.length - at };
}
