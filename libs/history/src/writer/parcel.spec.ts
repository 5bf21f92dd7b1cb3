import { expect, it } from 'vitest';
import { Parcel } from './parcel.js';

it('hands out what was put in, however it has grown', () => {
  const parcel = new Parcel(0);
  const pieces = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000, i));
  for (const piece of pieces) parcel.push(piece);
  parcel.take(3).set([7, 8, 9]);
  expect(parcel.bytes().equals(Buffer.concat([...pieces, Buffer.from([7, 8, 9])]))).toBe(true);
});

it('keeps little more in memory than the bytes it hands out, which are all that is counted', () => {
  for (const length of [1, 500, 40_000, 49_152, 65_536, 65_537, 200_000]) {
    const parcel = new Parcel(0);
    parcel.push(new Uint8Array(length));
    const { buffer } = parcel.bytes();
    expect(buffer.byteLength).toBeLessThanOrEqual(length / 0.75);
  }
});

it('does not copy what fills its memory', () => {
  const parcel = new Parcel(100_000);
  const piece = parcel.take(90_000);
  expect(parcel.bytes().buffer).toBe(piece.buffer);
});
