import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFailedError, VendorFrameError } from '#domain';
import { parseTokenAnswer } from './token-answer.js';

const none: [string, string][] = [];

it.each<[string, string, [string, string][]]>([
  [
    'symbols, valid and not',
    '{"s":"ok","code":200,"message":"","validSymbol":{"NSE:SBIN-EQ":"10100000003045"},"invalidSymbol":["NSE:XXXX"]}',
    [['NSE:SBIN-EQ', '10100000003045']],
  ],
  [
    'tokens that are numbers',
    '{"s":"ok","validSymbol":{"NSE:SBIN-EQ":10100000003045}}',
    [['NSE:SBIN-EQ', '10100000003045']],
  ],
  ['tokens that are none', '{"s":"ok","validSymbol":{"A":null,"B":{"x":1},"C":1.5}}', none],
  ['no valid symbol', '{"s":"ok","code":200,"invalidSymbol":["NSE:XXXX"]}', none],
  ['no valid symbol, as an error', '{"s":"error","code":-300,"message":"Invalid symbol"}', none],
])('reads %s', (_, body, tokens) => {
  expect([...parseTokenAnswer(body)]).toEqual(tokens);
});

describe('refuses', () => {
  it('an error, in the words of the vendor', () => {
    const body = '{"s":"error","code":-16,"message":"Could not authenticate the user"}';
    expect(() => parseTokenAnswer(body, 401)).toThrow('symbol-token: HTTP 401 -16 Could not authenticate the user');
    expect(() => parseTokenAnswer(body)).toThrow(SourceFailedError);
    expect(() => parseTokenAnswer('<html>', 502)).toThrow('symbol-token: HTTP 502');
  });

  it.each(['', '{', '[]', '7', '{"s":"ok"}', '{"s":"ok","validSymbol":[1]}'])('%j', (body) => {
    expect(() => parseTokenAnswer(body)).toThrow(VendorFrameError);
  });

  it('anything else, never with another error', () => {
    const part = fc.constantFrom('s', 'code', 'message', 'validSymbol', 'invalidSymbol');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.dictionary(part, fc.jsonValue()).map((answer) => JSON.stringify(answer)),
        ),
        (body) => {
          try {
            for (const token of parseTokenAnswer(body).values()) expect(typeof token).toBe('string');
          } catch (error) {
            expect(error).toBeInstanceOf(SourceFailedError);
          }
        },
      ),
    );
  });
});
