import { describe, expect, it } from 'vitest';
import { ApiKeys, hashApiKey } from './api-keys.js';
import { Entitlements } from './entitlements.js';
import { TierBook } from './tier-book.js';

const LIMITS = { symbolsPerConnection: 1000, messagesPerSecond: 50 };
const KEY = `tw_ops_${'x'.repeat(43)}`;

describe('a tiers file', () => {
  const parse = (value: unknown): TierBook => TierBook.parse(JSON.stringify(value), 'TIERS_FILE t.json', LIMITS);

  it('changes what it names of the built-in tier, and leaves the rest', () => {
    const book = parse({ default: 'free', tiers: { free: { symbolsPerConnection: 5, symbols: [] }, pro: {} } });
    expect(book.named(undefined)).toMatchObject({ name: 'free', symbolsPerConnection: 5, messagesPerSecond: 50 });
    expect(book.anonymous.name).toBe('free');
    expect([book.standard, book.named('pro')].map((tier) => tier?.entitlements.allows('NSE:TCS'))).toEqual([
      false,
      true,
    ]);
    expect(book.named('gold')).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a limit of the wrong type',
      { tiers: { a: { symbolsPerConnection: '5' } } },
      /\$\.tiers\.a\.symbolsPerConnection must/,
    ],
    ['a misspelt limit', { tiers: { a: { maxSymbols: 5 } } }, /\$\.tiers\.a\.maxSymbols/],
    ['a pattern that matches nothing', { tiers: { a: { symbols: ['*:TCS'] } } }, /\$\.tiers\.a\.symbols/],
    ['a tier that is a number', { tiers: { a: 5 } }, /\$\.tiers\.a must be an object/],
    ['a default that is not there', { default: 'b', tiers: {} }, /\$\.default names no tier of this file: "b"/],
    ['no tiers', {}, /\$\.tiers must/],
    ['a list', [], /t\.json must hold a JSON object/],
  ])('is refused for %s, by its place', (_what, value, message) => {
    expect(() => parse(value)).toThrow(message);
  });
});

describe('an API keys file', () => {
  const parse = (...keys: unknown[]): ApiKeys =>
    ApiKeys.parse(JSON.stringify({ keys }), 'API_KEYS_FILE k.json', (tier) => tier === 'ops');
  const hash = hashApiKey(KEY);

  it('knows the key and only the key', () => {
    const keys = parse({ id: 'ops', hash, tier: 'ops', expires: '2030-01-01T00:00:00Z' });
    expect(keys.find(KEY)).toMatchObject({ id: 'ops', tier: 'ops', expiresAt: Date.UTC(2030, 0, 1) });
    for (const wrong of [`${KEY}x`, KEY.slice(0, -1), KEY.replace('ops', 'spo'), hash, '', 'tw_ops_'])
      expect(keys.find(wrong)).toBeUndefined();
  });

  it.each<[string, unknown[], RegExp]>([
    ['a key in place of its hash', [{ id: 'ops', hash: KEY }], /\$\.keys\[0\]\.hash must/],
    [
      'an id that is there twice',
      [
        { id: 'ops', hash },
        { id: 'ops', hash },
      ],
      /\$\.keys\[1\]\.id is there twice: ops/,
    ],
    ['a tier that is not there', [{ id: 'ops', hash, tier: 'gold' }], /\$\.keys\[0\]\.tier names no tier: "gold"/],
    ['an expiry that is no date', [{ id: 'ops', hash, expires: 'soon' }], /\$\.keys\[0\]\.expires must/],
  ])('is refused for %s, by its place', (_what, keys, message) => {
    expect(() => parse(...keys)).toThrow(message);
  });
});

it.each<[readonly string[], string, boolean]>([
  [['*'], 'NSE:TCS', true],
  [['NSE:*'], 'NSE:TCS', true],
  [['NSE:*'], 'BSE:500325', false],
  [['NSE:TATA*'], 'NSE:TATASTEEL', true],
  [['NSE:TATA*'], 'NSE:TCS', false],
  [['NSE:TCS'], 'NSE:TCS', true],
  [['NSE:TCS'], 'NSE:TCSX', false],
  [[], 'NSE:TCS', false],
])('patterns %j allow %s: %s', (patterns, symbol, allowed) => {
  expect(new Entitlements(patterns).allows(symbol)).toBe(allowed);
});
