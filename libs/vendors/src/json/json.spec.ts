import { describe, expect, it } from 'vitest';
import { ConfigError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { vendorTools } from '../../../../test/support/vendor-tools.js';
import { JsonMapper } from './json-mapper.js';
import { readMapping } from './json-mapping.js';
import { compilePath } from './json-path.js';
import { symbolMessages, vendorSymbolOf, withSecrets } from './json-template.js';
import { cleanNumber, toEpochMs } from './json-values.js';
import { json } from './json.vendor.js';
import { sandboxMapping } from './sandbox-mapping.js';

const NOW = 1_719_800_000_500;

function ticks(rules: object[], frame: unknown): object[] {
  const mapping = readMapping({ ...sandboxMapping, rules }, 'test');
  const mapper = new JsonMapper(mapping, 'json', (symbol) => (symbol === 'T.A1' ? 'NSE:A1' : undefined));
  return mapper
    .ticks(frame, NOW)
    .map((tick) => Object.fromEntries(Object.entries(tick).filter(([, value]) => value !== undefined)));
}

describe('rules', () => {
  it('read a list inside an object', () => {
    const rules = [{ each: 'data', map: { symbol: 's', price: 'p', time: { path: 't', unit: 's' } } }];
    expect(
      ticks(rules, {
        data: [
          { s: 'T.A1', p: 10.5, t: 1_719_800_000 },
          { s: 'X', p: 1 },
        ],
      }),
    ).toEqual([
      { instrument: 'NSE:A1', vendor: 'json', receivedAt: NOW, price: 10.5, eventTime: 1_719_800_000_000 },
      { instrument: 'X', vendor: 'json', receivedAt: NOW, price: 1 },
    ]);
  });

  it('tell records of different kinds in one frame apart', () => {
    const rules = [
      { when: { path: 'ev', equals: 'T' }, map: { symbol: 'sym', price: 'p', lastSize: 's' } },
      { when: { path: 'ev', equals: 'Q' }, map: { symbol: 'sym', bid: 'bp', ask: 'ap' } },
    ];
    const frame = [
      { ev: 'Q', sym: 'T.A1', bp: 9, ap: 11, p: 1 },
      { ev: 'T', sym: 'T.A1', p: 10, s: 5 },
      { ev: 'status' },
    ];
    expect(ticks(rules, frame)).toMatchObject([
      { price: 10, lastSize: 5 },
      { bid: 9, ask: 11 },
    ]);
    expect(ticks(rules, frame)[1]).not.toHaveProperty('price');
  });

  it('read names with dots and blanks, numbers in text, and other units', () => {
    const rules = [
      {
        map: {
          symbol: 'Quote["01. symbol"]',
          price: { path: 'Quote["05. price"]', scale: 0.01 },
          volume: { path: 'Quote.lakh', scale: 100_000 },
        },
      },
    ];
    const frame = { Quote: { '01. symbol': 'T.A1', '05. price': '81,230', lakh: '8.12' } };
    expect(ticks(rules, frame)).toMatchObject([{ price: 812.3, volume: 812_000 }]);
  });

  it('clear a bid that is null, and say nothing of a price that is', () => {
    const rules = [{ map: { symbol: 's', price: 'p', bid: 'b' } }];
    expect(ticks(rules, { s: 'T.A1', p: null, b: null })).toEqual([
      { instrument: 'NSE:A1', vendor: 'json', receivedAt: NOW, bid: NaN },
    ]);
  });

  it('refuse a record without symbol', () => {
    expect(() => ticks([{ map: { symbol: 's', price: 'p' } }], { p: 1 })).toThrow(/without symbol/);
  });
});

describe('a mapping that is wrong is refused with the place of the mistake', () => {
  it.each([
    ['no object', 42, /a mapping is a JSON object/],
    ['no url', { ...sandboxMapping, url: 'http://x' }, /test: url/],
    ['a rule without symbol', { ...sandboxMapping, rules: [{ map: { price: 'p' } }] }, /rules\.0\.map\.symbol/],
    ['an unknown field', { ...sandboxMapping, rules: [{ map: { symbol: 's', prize: 'p' } }] }, /rules\.0\.map\.prize/],
    ['a misspelt key', { ...sandboxMapping, suscribe: {} }, /suscribe/],
    ['a part that lacks something', { ...sandboxMapping, heartbeat: { body: {} } }, /heartbeat\.everyMs/],
  ])('%s', (_, mapping, problem) => {
    expect(() => readMapping(mapping, 'test')).toThrow(problem);
  });

  it('a path that cannot be read', () => {
    expect(() => ticks([{ map: { symbol: 's', price: 'a[' } }], {})).toThrow(/rules\.0.*is no path/);
  });

  it('a time unit nobody knows', () => {
    expect(() => ticks([{ map: { symbol: 's', time: { path: 't', unit: 'days' } } }], {})).toThrow(/time unit/);
  });
});

describe('values', () => {
  it.each<[unknown, number | undefined]>([
    ['1,234.50', 1234.5],
    ['+1.5%', 1.5],
    ['', undefined],
    ['N/A', undefined],
    ['abc', undefined],
    [{}, undefined],
    [null, NaN],
    [7, 7],
  ])('number %j', (given, expected) => {
    expect(cleanNumber(given)).toBe(expected);
  });

  it.each<[unknown, 's' | 'ms' | 'us' | 'ns' | 'auto' | 'iso', number | undefined]>([
    [1_719_800_000, 'auto', 1_719_800_000_000],
    [1_719_800_000_123, 'auto', 1_719_800_000_123],
    [1_719_800_000_123_456, 'auto', 1_719_800_000_123],
    ['1719800000123456789', 'auto', 1_719_800_000_123],
    ['2024-07-01T02:13:20.123Z', 'iso', 1_719_800_000_123],
    ['yesterday', 'iso', undefined],
    ['', 's', undefined],
  ])('time %j in %s', (given, unit, expected) => {
    expect(toEpochMs(given, unit)).toBe(expected);
  });
});

describe('templates', () => {
  it('put symbols in as JSON, so that none can change the message', () => {
    const message = { template: { op: 'sub', params: '${symbols}' }, symbol: 'T.${vendorSymbol}', maxPerMessage: 2 };
    expect(symbolMessages(message, ['A', '"},{"', 'C'])).toEqual([
      '{"op":"sub","params":["T.A","T.\\"},{\\""]}',
      '{"op":"sub","params":["T.C"]}',
    ]);
    expect(symbolMessages({ ...message, join: ',' }, ['A', 'B'])).toEqual(['{"op":"sub","params":"T.A,T.B"}']);
  });

  it('name an instrument in the vendor’s way, or not at all', () => {
    const instrument = anInstrument({ id: 'BSE:500325', ticker: 'RELIANCE' });
    expect(vendorSymbolOf('${ticker}.${exchange}/${code}', instrument)).toBe('RELIANCE.BSE/500325');
    expect(vendorSymbolOf('${isin}', instrument)).toBeUndefined();
  });

  it('take secrets from the environment only, and name a missing one without its use', () => {
    expect(withSecrets({ url: 'wss://x?k=${SECRET:key}' }, () => 's3')).toEqual({ url: 'wss://x?k=s3' });
    expect(() => withSecrets({ url: '${SECRET:key}' }, () => undefined)).toThrow(/JSON_SECRET_KEY/);
  });

  it('read paths of every form', () => {
    const value = { a: { 'b-c': [{ d: 1 }], '0': 2 }, 'x y': 3 };
    expect(
      ['a["b-c"][0].d', 'a.b-c.0.d', 'a.0', '["x y"]', '$.a.0', 'a.nothing.there'].map((path) =>
        compilePath(path)(value),
      ),
    ).toEqual([1, 1, 2, 3, 2, undefined]);
    expect(compilePath('$')(value)).toBe(value);
  });
});

it('refuses a URL that is not encrypted, unless it is this machine or allowed', () => {
  const connect = (url: string, allowInsecure = false): unknown =>
    json.connect({ mapping: '', url, allowInsecure }, vendorTools());
  expect(() => connect('ws://feed.example/x')).toThrow(ConfigError);
  expect(() => connect('ws://feed.example/x', true)).not.toThrow();
  expect(() => connect('wss://feed.example/x')).not.toThrow();
  expect(() => connect('ws://127.0.0.1:1/x')).not.toThrow();
});
