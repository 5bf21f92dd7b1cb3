import { plainToInstance } from 'class-transformer';
import { expect, it } from 'vitest';
import { CommaList } from './comma-list.js';

class Query {
  @CommaList() list?: string[];
}

it.each<[unknown, unknown]>([
  ['A,B', ['A', 'B']],
  [' A , B,', ['A', 'B']],
  ['A,,B', ['A', 'B']],
  ['', []],
  [
    ['A,B', 'C'],
    ['A', 'B', 'C'],
  ],
  [{ a: 'b' }, [{ a: 'b' }]],
  [undefined, undefined],
])('reads %j as %j', (list, expected) => {
  expect(plainToInstance(Query, { list }).list).toEqual(expected);
});
