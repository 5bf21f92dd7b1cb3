import { expect, it } from 'vitest';
import { shardOf, UpdateShards } from './update-shards.js';

it('puts an instrument where every version of the program has put it', () => {
  expect(['NSE:RELIANCE', 'BSE:500325', 'US:AAPL'].map((id) => shardOf(id, 32))).toEqual([20, 20, 23]);
});

it('spreads instruments evenly', () => {
  const counts = Array.from({ length: 32 }, () => 0);
  for (let code = 500_000; code < 510_000; code++) counts[shardOf(`BSE:${code}`, 32)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(200);
  expect(Math.max(...counts)).toBeLessThan(450);
});

it('keeps all of a shard under one hash tag, and shards apart by the prefix', () => {
  const { keys } = new UpdateShards('t:', 2);
  expect(keys[1]).toEqual({
    fence: 't:{tw1}:fence',
    log: 't:{tw1}:log',
    last: 't:{tw1}:last',
    channel: 't:market-data:updates:{tw1}',
  });
});
