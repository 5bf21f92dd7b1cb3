import { expect, it } from 'vitest';
import { type Format, negotiate, NotAcceptableError, preferred } from './negotiation.js';

const OFFERED: readonly Format[] = ['json', 'msgpack', 'csv'];

it.each<[string | undefined, Format | undefined]>([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['APPLICATION/JSON', 'json'],
  ['text/csv', 'csv'],
  ['text/*', 'csv'],
  ['application/msgpack', 'msgpack'],
  ['application/vnd.msgpack', 'msgpack'],
  ['application/json;q=0.5, text/csv;q=0.9', 'csv'],
  ['application/json;q=0.5, */*', 'msgpack'],
  ['application/json;q=0, */*;q=0.1', 'msgpack'],
  ['application/*;q=0.2, text/csv;q=0.1', 'json'],
  ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
  ['text/csv;q=many', 'csv'],
  ['text/csv; charset=utf-8; q=0', undefined],
  ['image/png', undefined],
  [';;;', undefined],
])('Accept: %s gets %s', (accept, format) => {
  expect(preferred(accept, OFFERED)).toBe(format);
});

it('names what is offered to whoever wants none of it', () => {
  expect(() => negotiate('image/png', OFFERED)).toThrow(NotAcceptableError);
  expect(() => negotiate('image/png', OFFERED)).toThrow('application/json, application/vnd.msgpack, text/csv');
});
