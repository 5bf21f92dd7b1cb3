import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { vendorTools } from '../../../../test/support/vendor-tools.js';
import { MappingInspector } from './inspect-mapping.js';
import { readAnswer } from './json-answer.js';
import { JsonMapper } from './json-mapper.js';
import { HttpPart, readMapping } from './json-mapping.js';
import { compilePath } from './json-path.js';
import { JsonSecrets } from './json-secrets.js';
import { symbolMessages, vendorSymbolOf, withSecrets } from './json-template.js';
import { cleanNumber, toEpochMs } from './json-values.js';
import { JsonEnv } from './json.env.js';
import { withSymbols } from './json.source.js';
import { json } from './json.vendor.js';
import { sandboxMapping } from './sandbox-mapping.js';

const NOW = 1_719_800_000_500;
const unreadable: string[] = [];

function ticks(rules: object[], frame: unknown): object[] {
  const mapping = readMapping({ ...sandboxMapping, rules }, 'test');
  const mapper = new JsonMapper(mapping, 'json', (symbol) => (symbol === 'T.A1' ? 'NSE:A1' : undefined));
  return mapper
    .ticks(frame, NOW, ({ message }) => unreadable.push(message))
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

  it('say nothing of a price that is 0, which no price is', () => {
    const rules = [{ map: { symbol: 's', price: 'p', volume: 'v' } }];
    expect(ticks(rules, { s: 'T.A1', p: 0, v: 0 })).toEqual([
      { instrument: 'NSE:A1', vendor: 'json', receivedAt: NOW, volume: 0 },
    ]);
  });

  it('report a record without symbol, and read the others of its frame, whose symbols may be numbers', () => {
    const frame = [{ p: 1 }, { s: 'T.A1', p: 2 }, { s: 3045, p: 3 }];
    const read = ticks([{ map: { symbol: 's', price: 'p' } }], frame);
    expect(read).toMatchObject([{ instrument: 'NSE:A1' }, { instrument: '3045', price: 3 }]);
    expect(unreadable.splice(0)).toEqual([expect.stringContaining('without symbol')]);
  });
});

describe('a mapping that is wrong is refused with the place of the mistake', () => {
  it.each([
    ['no object', 42, /a mapping is a JSON object/],
    ['no url', { ...sandboxMapping, url: 'http://x' }, /test: url/],
    ['a rule without symbol', { ...sandboxMapping, rules: [{ map: { price: 'p' } }] }, /rules\.0\.map\.symbol/],
    ['an unknown field', { ...sandboxMapping, rules: [{ map: { symbol: 's', prize: 'p' } }] }, /rules\.0\.map\.prize/],
    ['a misspelt key', { ...sandboxMapping, suscribe: {} }, /suscribe/],
    ['neither stream nor http', { ...sandboxMapping, url: undefined }, /test: url: a mapping needs a url/],
    ['a stream without subscription', { ...sandboxMapping, subscribe: undefined }, /test: subscribe: a stream needs/],
    ['a call for nothing', { ...sandboxMapping, http: { url: 'https://x/q' } }, /http\.url: must have \{symbol\}/],
    [
      'one place for many symbols',
      { ...sandboxMapping, http: { url: 'https://x/{symbol}', perCall: 2 } },
      /http\.perCall: \{symbol\} is one/,
    ],
    ['a call that is no call', { ...sandboxMapping, http: { url: 'ftp://x/{symbol}' } }, /http\.url/],
    ['another method', { ...sandboxMapping, http: { url: 'https://x/{symbol}', method: 'POST' } }, /http\.method/],
    [
      'a stream whose records name no symbol',
      { ...sandboxMapping, http: { url: 'https://x/{symbol}' }, rules: [{ map: { price: 'p' } }] },
      /rules\.0\.map\.symbol/,
    ],
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

describe('an answer to a call', () => {
  const [a1, b1] = [anInstrument({ id: 'NSE:A1' }), anInstrument({ id: 'NSE:B1' })];
  const http = { url: 'https://x/{symbols}', perCall: 10 };
  const rules = [
    { each: 'trades', map: { symbol: 's', price: 'p', volume: 'v' } },
    { each: 'books', map: { symbol: 's', bid: 'b', ask: 'a', price: 'p' } },
  ];
  const answer = (frame: unknown, given: object = {}, asked = [a1, b1]): unknown[] => {
    const mapping = readMapping({ exchanges: ['NSE'], http, rules, ...given }, 'test');
    const mapper = new JsonMapper(mapping, 'json', (symbol) => `NSE:${symbol}`);
    return readAnswer(frame, mapper, asked, NOW);
  };

  it('gives one tick an instrument, whatever the number of records, and says which has none', () => {
    const frame = {
      trades: [
        { s: 'A1', p: 10, v: 5 },
        { s: 'C1', p: 1 },
      ],
      books: [{ s: 'A1', b: 9.5, a: 10.5 }],
    };
    expect(answer(frame)).toEqual([
      expect.objectContaining({ instrument: 'NSE:A1', price: 10, volume: 5, bid: 9.5, ask: 10.5 }),
      expect.objectContaining({ code: 'SOURCE_FAILED', retryable: false, message: expect.stringContaining('NSE:B1') }),
    ]);
  });

  it('takes a record without any value for no quote', () => {
    expect(answer({ trades: [{ s: 'A1', p: null }] })[0]).toMatchObject({ code: 'SOURCE_FAILED', retryable: false });
  });

  it('without symbol is about the one that was asked for', () => {
    const given = { http: { url: 'https://x/q?s=${symbol}' }, rules: [{ map: { price: 'c', open: 'o' } }] };
    expect(answer({ c: 12.5, o: 12 }, given, [b1])).toMatchObject([{ instrument: 'NSE:B1', price: 12.5, open: 12 }]);
  });

  it.each([[{ error: 'no such route' }], ['ok'], [null], [7], [{ trades: 'none' }]])(
    'that holds no records, as %j, is malformed',
    (frame) => {
      expect(() => answer(frame)).toThrow(VendorFrameError);
    },
  );

  it('never throws anything but a frame error, and has an outcome for each instrument', () => {
    const record = fc.dictionary(fc.constantFrom('s', 'p', 'v', 'b', 'a'), fc.oneof(fc.jsonValue(), fc.constant('A1')));
    const frame = fc.oneof(
      fc.jsonValue(),
      fc.record({ trades: fc.array(record), books: fc.oneof(record, fc.jsonValue()) }),
    );
    fc.assert(
      fc.property(frame, (value) => {
        try {
          expect(answer(value)).toHaveLength(2);
        } catch (error) {
          expect(error).toBeInstanceOf(VendorFrameError);
        }
      }),
    );
  });
});

it('tries a mapping on any frame whatever', () => {
  const rules = [
    { each: 'data', when: { path: 'k', in: ['a', 1] }, map: { symbol: 's', price: 'p', time: 't' } },
    { when: { path: 'k' }, map: { symbol: 's', bid: { path: 'b', scale: 100 } } },
  ];
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('a', 1, 'N/A', 1e300, -1));
  const record = fc.dictionary(fc.constantFrom('k', 's', 'p', 't', 'b'), value);
  const frame = fc.oneof(fc.jsonValue(), record, fc.record({ data: fc.oneof(fc.array(record), value) }));
  const inspector = new MappingInspector(readMapping({ ...sandboxMapping, rules }, 'test'));
  fc.assert(
    fc.property(frame, (given) => {
      const { ticks: found, ignored, malformed } = inspector.inspect(given, NOW);
      for (const { tick } of found) expect(typeof tick.instrument).toBe('string');
      for (const { reason } of [...ignored, ...malformed]) expect(reason).toMatch(/^rules\.[01]/);
    }),
  );
});

it('asks for symbols in a URL without letting one change what is asked', () => {
  const part = Object.assign(new HttpPart(), { symbol: '${vendorSymbol}.NS', join: '|' });
  expect(withSymbols('https://x/q?s={symbols}&k=1', ['M&M', 'A/../B', '#$&'], part)).toBe(
    'https://x/q?s=M%26M.NS|A%2F..%2FB.NS|%23%24%26.NS&k=1',
  );
});

it('takes its own secrets out of what it tells, and needs those it names', () => {
  const secrets = new JsonSecrets((key) => (key === 'key' ? 's3cret' : undefined));
  expect(secrets.fillIn({ url: 'https://x/{symbols}?k=${SECRET:key}' })).toEqual({
    url: 'https://x/{symbols}?k=s3cret',
  });
  expect(secrets.redact('{"note":"key s3cret of s3cret"}')).toBe('{"note":"key *** of ***"}');
  expect(() => secrets.fillIn('${SECRET:other}')).toThrow(/JSON_SECRET_OTHER/);
});

it('refuses a URL of calls that is not encrypted, or whose host depends on the symbol', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tickwire-')), 'mapping.json');
  const connect = (url: string, given: object = {}): unknown => {
    writeFileSync(file, JSON.stringify({ exchanges: ['NSE'], http: { url }, rules: [{ map: { symbol: 's' } }] }));
    return json.connect(Object.assign(new JsonEnv(), { mapping: file, ...given }), vendorTools());
  };
  expect(() => connect('http://api.example/{symbol}')).toThrow(/JSON_HTTP_URL: http:\/\/api\.example is not encrypted/);
  expect(() => connect('http://api.example/{symbol}', { allowInsecure: true })).not.toThrow();
  expect(() => connect('https://api.example/{symbol}')).not.toThrow();
  expect(() => connect('http://127.0.0.1:1/{symbol}')).not.toThrow();
  expect(() => connect('https://api.example/x', { httpUrl: 'https://other.example/{symbols}' })).not.toThrow();
  expect(() => connect('https://{symbol}.example/x')).toThrow(ConfigError);
});

it('refuses a URL that is not encrypted, unless it is this machine or allowed', () => {
  const connect = (url: string, allowInsecure = false): unknown =>
    json.connect(Object.assign(new JsonEnv(), { url, allowInsecure }), vendorTools());
  expect(() => connect('ws://feed.example/x')).toThrow(ConfigError);
  expect(() => connect('ws://feed.example/x', true)).not.toThrow();
  expect(() => connect('wss://feed.example/x')).not.toThrow();
  expect(() => connect('ws://127.0.0.1:1/x')).not.toThrow();
});
