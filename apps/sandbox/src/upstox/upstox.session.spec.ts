import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { anInstrument } from '../../../../test/support/instruments.js';
import { Company } from '../market-model/company.js';
import { Listing } from '../market-model/listing.js';
import { seededRandom } from '../market-model/seeded-random.js';
import { excess, type Mode, type Tier } from './upstox.limits.js';
import { parseUpstoxRequest } from './upstox.request.js';
import { UpstoxSession } from './upstox.session.js';

const NOW = 1_740_729_566_000;
const random = seededRandom(1);
const listings = new Map(
  Array.from({ length: 60 }, (_, i) => {
    const instrument = anInstrument({ id: `NSE:X${i}`, isin: `INE${i}` });
    return [`NSE_EQ|INE${i}`, new Listing(instrument, new Company(100, 0.01), 100, random, NOW)];
  }),
);
const keys = [...listings.keys()];
const aSession = (tier: Tier): UpstoxSession => new UpstoxSession({} as WebSocket, { user: 'U', tier }, NOW);

describe('limits', () => {
  const modes = (counts: Partial<Record<Mode, number>>): Mode[] =>
    Object.entries(counts).flatMap(([mode, count]) => Array.from({ length: count }, () => mode as Mode));

  it.each<[Tier, Partial<Record<Mode, number>>, RegExp | undefined]>([
    ['normal', { ltpc: 5000 }, undefined],
    ['normal', { ltpc: 5001 }, /5000 .* ltpc/],
    ['normal', { full: 2000 }, undefined],
    ['normal', { full: 2001 }, /2000 .* full/],
    ['normal', { full: 1500, ltpc: 2000 }, undefined],
    ['normal', { full: 1501, ltpc: 1 }, /1500 .* full/],
    ['normal', { full_d30: 1 }, /Plus only/],
    ['plus', { full_d30: 50 }, undefined],
    ['plus', { full_d30: 51 }, /50 .* full_d30/],
  ])('of plan %s with %j', (tier, counts, reason) => {
    const said = excess(tier, modes(counts));
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(reason);
  });
});

describe('a session', () => {
  it('carries each key in the mode asked for last, and forgets what is given up', () => {
    const session = aSession('normal');
    const [first, second] = keys as [string, string];
    const modesOf = (): unknown[] => [first, second].map((key) => session.modeOf(listings.get(key)!));
    expect(
      session.apply({ method: 'sub', mode: 'full', keys: [first, second, second, 'NSE_EQ|?'] }, listings),
    ).toHaveLength(2);
    session.apply({ method: 'change_mode', mode: 'ltpc', keys: [first] }, listings);
    expect(modesOf()).toEqual(['ltpc', 'full']);
    session.apply({ method: 'unsub', mode: undefined, keys: [second] }, listings);
    expect(modesOf()).toEqual(['ltpc', undefined]);
  });

  it('refuses a request over the limit as a whole', () => {
    const session = aSession('plus');
    session.apply({ method: 'sub', mode: 'full_d30', keys: keys.slice(0, 50) }, listings);
    expect(() => session.apply({ method: 'sub', mode: 'full_d30', keys: keys.slice(50) }, listings)).toThrow(
      /exceeded/,
    );
    expect(keys.filter((key) => session.modeOf(listings.get(key)!) !== undefined)).toHaveLength(50);
  });

  it('knows whether a trade has been told', () => {
    const session = aSession('normal');
    const listing = listings.get(keys[0]!)!;
    expect(session.isTradeNews(listing)).toBe(true);
    session.sent(listing, true);
    expect(session.isTradeNews(listing)).toBe(false);
    listing.print(101, 5, NOW + 1);
    expect(session.isTradeNews(listing)).toBe(true);
    session.sent(listing, false);
    expect(session.isTradeNews(listing)).toBe(true);
  });
});

describe('a request', () => {
  const read = (value: unknown): unknown => parseUpstoxRequest(Buffer.from(JSON.stringify(value)));

  it('without a mode is for ltpc, and one to unsubscribe needs none', () => {
    expect(read({ method: 'sub', data: { instrumentKeys: ['a'] } })).toEqual({
      method: 'sub',
      mode: 'ltpc',
      keys: ['a'],
    });
    expect(read({ method: 'unsub', data: { instrumentKeys: ['a'] } })).toMatchObject({ method: 'unsub', keys: ['a'] });
  });

  it.each([
    ['instrumentKeys', { method: 'sub', data: { instrumentKeys: 'a' } }],
    ['instrumentKeys', { method: 'sub' }],
    ['method', { method: 'stop', data: { instrumentKeys: [] } }],
    ['mode', { method: 'change_mode', data: { instrumentKeys: [], mode: 'best' } }],
  ])('with a wrong %s is refused', (what, request) => {
    expect(() => read(request)).toThrow(`invalid ${what}`);
  });
});
