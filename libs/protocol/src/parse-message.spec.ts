import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { SubscribeMessage } from './client-messages.js';
import { parseMessage } from './parse-message.js';

const parse = (payload: unknown): SubscribeMessage => parseMessage(SubscribeMessage, payload);
const symbols = ['NSE:TCS'];

describe('a subscribe message', () => {
  it('has defaults for what is left out, and null is left out', () => {
    const nothing = { mode: null, compression: null, batch: null, fields: null, maxFrequency: null, resume: null };
    expect(parse({ symbols, ...nothing })).toEqual(parse({ symbols }));
    expect(parse({ symbols })).toMatchObject({ mode: 'quote', compression: 'none', batch: false });
  });

  it.each([
    [{ symbols: null }, /symbols/],
    [{ symbols: [] }, /symbols/],
    [{ symbols, maxFrequency: 0 }, /maxFrequency/],
    [{ symbols, maxFrequency: '5' }, /maxFrequency/],
    [{ symbols, fields: [1] }, /fields/],
    [{ symbols, resume: { epoch: null, sequences: {} } }, /epoch/],
    [{ symbols, resume: { epoch: 'e' } }, /sequences/],
    [{ symbols, resume: { epoch: 'e', sequences: { a: [[[[{}]]]] } } }, /levels/],
    [{ symbols, resume: { epoch: 'e', sequences: { constructor: 5 } } }, /constructor/],
    [[symbols], /must be an object/],
    ['NSE:TCS', /must be an object/],
  ])('%j is refused by name', (payload, problem) => {
    expect(() => parse(payload)).toThrow(problem);
  });

  it('cannot reach the prototype of anything', () => {
    const message = parse(JSON.parse('{"symbols":["NSE:TCS"],"__proto__":{"batch":true}}'));
    expect(message.batch).toBe(false);
  });
});
