import { Epoch } from '#domain';
import { expect, it } from 'vitest';
import { StreamPosition } from './stream-position.js';

const SYMBOLS = ['NSE:TCS', 'NSE:INFY', 'BSE:500325'];

function position(epoch = 'e1', symbols: readonly string[] = SYMBOLS): StreamPosition {
  return new StreamPosition(new Epoch(epoch), symbols);
}

function somewhere(): string {
  const one = position();
  one.moved('NSE:TCS', 41);
  one.moved('BSE:500325', 123_456);
  one.moved('NSE:OTHER', 9);
  return one.toString();
}

it('goes through the id of an event and back', () => {
  const back = position();
  expect(back.resume(somewhere())).toEqual({ epoch: 'e1', sequences: { 'NSE:TCS': 41, 'BSE:500325': 123_456 } });
  expect(back.toString()).toBe(somewhere());
});

it('counts a symbol once that is named twice', () => {
  expect(position('e1', [...SYMBOLS, 'NSE:TCS']).resume(somewhere())).toBeDefined();
});

it.each([
  ['none', undefined],
  ['an empty one', ''],
  ['one of another epoch', somewhere().replace('e1', 'e2')],
  ['one with a sequence more', `${somewhere()},5`],
  ['one with a sequence that is no number', somewhere().replace(/[^.]*$/, `${'z'.repeat(30)},,1`)],
  ['garbage', '../../__proto__.constructor\u0000'],
])('starts anew after %s', (_, id) => {
  expect(position().resume(id)).toBeUndefined();
});

it('starts anew with other symbols, or in another order', () => {
  expect(position('e1', SYMBOLS.toReversed()).resume(somewhere())).toBeUndefined();
  expect(position('e1', ['NSE:A', 'NSE:B', 'NSE:C']).resume(somewhere())).toBeUndefined();
});
