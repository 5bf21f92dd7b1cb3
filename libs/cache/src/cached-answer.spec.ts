import { describe, expect, it } from 'vitest';
import type { Quote } from '#domain';
import { type CachedQuote, seal, sealedText, unseal } from './cached-answer.js';

const quote: Quote = {
  symbol: 'NSE:SBIN',
  companyName: 'State Bank of India',
  price: 812.3,
  timestamp: '2026-11-20T09:15:00.123Z',
  source: 'bse',
  stale: false,
};
const answer: CachedQuote = { kind: 'quote', quote, at: 1_700_000_000_000, halted: false };

/** As Redis would keep it, with something wrong in it and a checksum that fits. */
function planted(wrong: object): string {
  return JSON.stringify({ value: seal({ ...answer, ...wrong } as CachedQuote), expires: 1 });
}

describe('What the shared cache keeps', () => {
  it('is read as it was written, by cache-manager and by the mirror alike', () => {
    expect(unseal(sealedText(answer, 5), 'NSE:SBIN')).toEqual(answer);
    expect(JSON.parse(sealedText(answer, 5))).toEqual({ value: seal(answer), expires: 5 });
    const failure = { kind: 'failure', code: 'SOURCE_FAILED', message: 'bse: no answer', at: 1 } as const;
    expect(unseal(JSON.stringify({ value: seal(failure) }), 'NSE:SBIN')).toEqual(failure);
  });

  it.each([
    ['unreadable', 'not JSON', '{"value":{"v":1'],
    ['unreadable', 'no envelope', '"text"'],
    ['unreadable', 'null', 'null'],
    ['unreadable', 'an envelope of text', '{"value":"_function_x|process.exit()"}'],
    ['version', 'another version', sealedText(answer, 5).replace('"v":1', '"v":2')],
    ['checksum', 'another price', sealedText(answer, 5).replace('812.3', '912.3')],
    ['checksum', 'no checksum', JSON.stringify({ value: { v: 1, ...answer } })],
    ['shape', 'a price that is text', planted({ quote: { ...quote, price: '812.3' } })],
    ['shape', 'no source', planted({ quote: { ...quote, source: undefined } })],
    ['shape', 'a time that is none', planted({ quote: { ...quote, timestamp: 'yesterday' } })],
    ['shape', "another symbol's quote", planted({ quote: { ...quote, symbol: 'NSE:TCS' } })],
    ['shape', 'an age that is none', planted({ at: 'now' })],
    ['shape', 'another kind', planted({ kind: 'rumour' })],
    [
      'shape',
      'an error nobody knows',
      JSON.stringify({ value: seal({ kind: 'failure', code: 'X', message: '', at: 1 } as never) }),
    ],
  ])('is not believed, but %s: %s', (reason, _what, text) => {
    expect(unseal(text, 'NSE:SBIN')).toBe(reason);
  });
});
