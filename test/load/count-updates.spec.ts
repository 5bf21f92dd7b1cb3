import { pack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { countCompact, countMsgpack, countRawJson, countSocketIoText, OTHER, SLOW, SNAPSHOT } from './count-updates.js';

const update = (seq: number) => ({ symbol: 'A:B', seq, data: {} });
const batch = (items: number) => ({
  type: 'batch_update',
  compression: 'delta',
  timestamp: '2026-01-05T09:15:00.000Z',
  updates: Array.from({ length: items }, (_, seq) => update(seq + 1)),
});
const single = { type: 'price_update', ...update(4), compression: 'none', timestamp: '2026-01-05T09:15:00.000Z' };
const snapshot = { type: 'snapshot', epoch: 'e', ...update(4) };
const slow = { type: 'slow', dropped: 3 };
const others = [{ type: 'pong' }, { type: 'status', state: 'live' }, { type: 'subscribed', symbols: ['A:B'] }];

const rawJson = (message: object): number => {
  const bytes = Buffer.from(`....${JSON.stringify(message)}....`);
  return countRawJson(bytes, 4, bytes.length - 4);
};
const socketIo = ({ type, ...payload }: { type: string }): number => {
  const bytes = Buffer.from(`....42${JSON.stringify([type, payload])}....`);
  return countSocketIoText(bytes, 4, bytes.length - 4);
};
const msgpack = (message: object): number => countMsgpack(Buffer.concat([Buffer.alloc(4), pack(message)]), 4);

describe.each([
  ['plain JSON', rawJson],
  ['Socket.IO', socketIo],
  ['MessagePack', msgpack],
])('updates in %s', (_name, count) => {
  it.each([0, 1, 2, 15, 16, 500])('counts %i items of a batch', (items) => expect(count(batch(items))).toBe(items));

  it('counts a price update as one, and tells snapshots and slow notices apart', () => {
    expect([count(single), count(snapshot), count(slow)]).toEqual([1, SNAPSHOT, SLOW]);
  });

  it('counts nothing else', () => expect(others.map(count)).toEqual([OTHER, OTHER, OTHER]));
});

it('counts plain JSON whose type is not the first key', () => {
  expect(rawJson({ epoch: 'x', ...single })).toBe(1);
});

it('counts a MessagePack payload whose event travels apart', () => {
  const { updates, compression } = batch(40);
  expect(msgpack({ compression, updates })).toBe(40);
});

it('reads the varint of a compact batch and skips other kinds', () => {
  expect([
    countCompact(Buffer.from([1, 5]), 0, 2),
    countCompact(Buffer.from([1, 0xac, 0x02]), 0, 3),
    countCompact(Buffer.from([2, 5]), 0, 2),
  ]).toEqual([5, 300, OTHER]);
});
