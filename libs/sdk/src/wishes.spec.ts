import { expect, it } from 'vitest';
import { type SubscribeOptions, Wishes } from './wishes.js';

const all = (...options: SubscribeOptions[]): unknown => {
  const wishes = new Wishes();
  for (const one of options) wishes.add({ options: one, handler: undefined, symbols: new Set() }, 'NSE:TCS');
  return wishes.wanted('NSE:TCS');
};

it.each<[SubscribeOptions[], unknown]>([
  [[], undefined],
  [[{}], { mode: 'quote' }],
  [[{ mode: 'ltp' }], { mode: 'ltp' }],
  [[{ mode: 'ltp' }, {}], { mode: 'quote' }],
  [[{ mode: 'ltp' }, { fields: ['bid'] }], { mode: 'quote', fields: ['bid', 'price', 'source', 'stale', 'timestamp'] }],
  [[{ fields: ['bid'] }, { fields: ['ask', 'bid'] }], { mode: 'quote', fields: ['ask', 'bid'] }],
  [[{ fields: ['bid'] }, { mode: 'depth' }], { mode: 'depth' }],
  [[{ maxFrequency: 1 }, { maxFrequency: 5 }], { mode: 'quote', maxFrequency: 5 }],
  [[{ maxFrequency: 1 }, {}], { mode: 'quote' }],
])('asks for enough for everybody: %j', (options, expected) => {
  expect(all(...options)).toEqual(expected);
});
