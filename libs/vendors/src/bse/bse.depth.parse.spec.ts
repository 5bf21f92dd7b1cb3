import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VendorFrameError } from '#domain';
import { type BestOrders, parseDepth } from './bse.depth.parse.js';

const fixture = readFileSync(new URL('./fixtures/depth.json', import.meta.url), 'utf8');
const parse = (body: string): BestOrders => parseDepth({ status: 200, headers: {}, body });

it('reads the best orders of both sides', () => {
  expect(parse(fixture)).toEqual({ bid: 1264.75, bidSize: 120, ask: 1264.85, askSize: 64 });
});

it('reads numbers as well as text', () => {
  const body = '{"BPrice1":1264.75,"BQty1":120,"SPrice1":"1,264.85","SQty1":"1,064"}';
  expect(parse(body)).toEqual({ bid: 1264.75, bidSize: 120, ask: 1264.85, askSize: 1064 });
});

it.each(['0.00', '', '-', null])('a price of %j is a side without orders, as at a circuit limit', (price) => {
  const body = JSON.stringify({ ...(JSON.parse(fixture) as object), SPrice1: price, SQty1: '0' });
  expect(parse(body)).toEqual({ bid: 1264.75, bidSize: 120, ask: NaN, askSize: NaN });
});

it.each(['', 'null', '{}'])('%j, as after the close, is a book without orders', (body) => {
  expect(parse(body)).toEqual({ bid: NaN, bidSize: NaN, ask: NaN, askSize: NaN });
});

it.each(['<html>', '{"a":1}', '[1]', '{"BPrice1":"x"}', '{"BPrice1":'])('refuses %j', (body) => {
  expect(() => parse(body)).toThrow(VendorFrameError);
});

it('survives anything: prices above zero, none, or an error', () => {
  const answer = fc.dictionary(fc.constantFrom('BPrice1', 'BQty1', 'SPrice1', 'SQty1'), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        answer.map((value) => JSON.stringify(value)),
      ),
      (body) => {
        try {
          for (const value of Object.values(parse(body))) expect(value === Infinity || value! <= 0).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(VendorFrameError);
        }
      },
    ),
  );
});
