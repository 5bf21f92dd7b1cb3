import { describe, expect, it } from 'vitest';
import { BINARY, clientFrame, FrameWalker, PING, TEXT } from './frame-walker.js';

function serverFrame(opcode: number, payload: Buffer): Buffer {
  const length = payload.length;
  const header =
    length < 126
      ? Buffer.from([0x80 | opcode, length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255])
        : Buffer.from([
            0x80 | opcode,
            127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]);
  return Buffer.concat([header, payload]);
}

const sent = [
  { opcode: TEXT, payload: Buffer.from('42["price_update",{}]') },
  { opcode: TEXT, payload: Buffer.alloc(0) },
  { opcode: PING, payload: Buffer.from('age') },
  { opcode: BINARY, payload: Buffer.alloc(125, 1) },
  { opcode: BINARY, payload: Buffer.alloc(126, 2) },
  { opcode: TEXT, payload: Buffer.alloc(5_000, 3) },
  { opcode: BINARY, payload: Buffer.alloc(70_000, 4) },
  { opcode: TEXT, payload: Buffer.from('last') },
];
const stream = Buffer.concat(sent.map(({ opcode, payload }) => serverFrame(opcode, payload)));

function walk(readSize: number): { opcode: number; payload: Buffer }[] {
  const seen: { opcode: number; payload: Buffer }[] = [];
  const walker = new FrameWalker((opcode, bytes, start, end) =>
    seen.push({ opcode, payload: Buffer.from(bytes.subarray(start, end)) }),
  );
  const shared = Buffer.alloc(readSize);
  for (let at = 0; at < stream.length; at += readSize) {
    const length = stream.copy(shared, 0, at, Math.min(stream.length, at + readSize));
    walker.push(shared, length);
  }
  return seen;
}

describe('FrameWalker', () => {
  it.each([1, 2, 3, 7, 13, 64, 1_000, 65_536, stream.length])('finds the same frames in reads of %i bytes', (size) => {
    expect(walk(size)).toEqual(sent);
  });

  it.each([
    ['fragmented', Buffer.from([0x01, 1, 65])],
    ['compressed', Buffer.from([0xc1, 1, 65])],
    ['masked', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 65])],
  ])('refuses a %s frame', (_name, bytes) => {
    expect(() => new FrameWalker(() => {}).push(bytes, bytes.length)).toThrow();
  });
});

describe('clientFrame', () => {
  it.each([0, 125, 126, 65_535, 65_536])('is masked, with a payload of %i bytes at the end', (length) => {
    const payload = Buffer.alloc(length, 7);
    const frame = clientFrame(TEXT, payload);
    expect(frame[0]).toBe(0x81);
    expect(frame[1]! & 0x80).toBe(0x80);
    expect(frame.subarray(frame.length - length)).toEqual(payload);
    expect(frame.length - length).toBe(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  });
});
