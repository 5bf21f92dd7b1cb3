import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LastValueStore, QuoteCache } from '#cache';
import { Ownership } from '#fleet';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { type RunningServer, startServer } from '../../apps/server/src/server.js';
import { RedisServer } from '../support/redis-server.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';

const [POLLED, OTHER, STREAMED] = ['BSE:500325', 'BSE:500180', 'NSE:TCS'] as const;
const SYMBOLS = [POLLED, OTHER, STREAMED];
const NEWS = 't:tickwire:nodes';

interface Reading {
  readonly symbol: string;
  readonly layer: string;
  readonly status: string;
  readonly price: number;
}

const ends: (() => unknown)[] = [];
let redis: RedisServer;
let raw: Redis;
let sandbox: Sandbox;
let owner: RunningServer;
let follower: RunningServer;

beforeEach(async () => {
  redis = await RedisServer.start();
  ends.push(() => redis.stop());
  raw = redis.client();
  ends.push(() => raw.disconnect());
  sandbox = await aSandbox();
  ends.push(() => sandbox.close());
  owner = await aNode();
  await until('an owner', () => owner.app.get(Ownership).state === 'owner');
  follower = await aNode();
  await until('live quotes on both nodes', () => [owner, follower].every((node) => SYMBOLS.every(isKnown(node))));
  // vendors say nothing more by themselves
  sandbox.market.stop();
  for (const node of [owner, follower])
    await eventually(node, (quotes) => quotes.every(({ layer, status }) => layer === 'l1' && status === 'live'));
}, 60_000);

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function aNode(): Promise<RunningServer> {
  const server = await startServer({
    ...sandbox.settings,
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    HISTORY: 'off',
    MARKET_HOURS: 'always',
    VENDORS: 'bse,json',
    REDIS_URL: redis.url,
    KEY_PREFIX: 't:',
    ESSENTIAL: SYMBOLS.join(),
    MIRROR_MS: '50',
    BSE_REQUESTS_PER_SECOND: '100',
    // no vendor is asked again by itself while a test lasts, nor does memory forget
    REFRESH_HOT_MS: '60000',
    REFRESH_NORMAL_MS: '60000',
    REFRESH_WATCHED_MS: '60000',
    CACHE_L1_TTL_MS: '60000',
    STALE_AFTER_MS: '60000',
    DRAIN_GRACE_MS: '50',
  });
  ends.push(() => server.stop());
  return server;
}

const isKnown =
  ({ app }: RunningServer) =>
  (symbol: string): boolean =>
    app.get(LastValueStore).peek(symbol)?.known === true;

async function read({ url }: RunningServer): Promise<Reading[]> {
  const response = await fetch(`${url}/api/v1/quotes?symbols=${SYMBOLS.join()}`);
  return ((await response.json()) as { quotes: Reading[] }).quotes;
}

async function eventually(node: RunningServer, holds: (quotes: Reading[]) => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const quotes = await read(node);
    if (holds(quotes)) return;
    if (Date.now() > deadline)
      throw new Error(
        `never held of ${JSON.stringify(quotes.map(({ symbol, layer, status, price }) => [symbol, layer, status, price]))}`,
      );
  }
}

async function forget(node: RunningServer, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${node.url}/api/v1/cache/quotes${path}`, { method: 'DELETE' });
  expect(response.ok).toBe(true);
  return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
}

const priceOf = (quotes: Reading[], id: string): number => quotes.find(({ symbol }) => symbol === id)?.price ?? NaN;

/** The market goes on by a step: only who asks the vendor anew can know. */
async function move(...ids: string[]): Promise<Map<string, number>> {
  const quotes = await read(owner);
  const moved = new Map(ids.map((id) => [id, Number((priceOf(quotes, id) + 1).toFixed(2))]));
  for (const [id, price] of moved) sandbox.market.print(id, price);
  return moved;
}

const has =
  (prices: ReadonlyMap<string, number>) =>
  (quotes: Reading[]): boolean =>
    [...prices].every(([id, price]) => priceOf(quotes, id) === price);

/** What a node has found in Redis lies in its memory, too. */
async function remember({ app }: RunningServer, id: string, price: number): Promise<void> {
  const state = app.get(LastValueStore).peek(id)!;
  const quote = { ...state.quote(), price };
  await app.get(QuoteCache).set(id, { kind: 'quote', quote, at: Date.now(), halted: false });
}

async function remembers({ app }: RunningServer, id: string): Promise<boolean> {
  return (await app.get(QuoteCache).get([id])).get(id)?.quote !== undefined;
}

describe('A quote that one node is told to forget', () => {
  it.each([
    ['the owner', () => owner, () => follower],
    ['a node that is not the owner', () => follower, () => owner],
  ])('is forgotten by all, who get it anew from its vendor: told to %s', async (_, told, other) => {
    const prices = await move(POLLED);
    expect(has(prices)(await read(other()))).toBe(false);
    const asked = performance.now();
    await forget(told(), `/${POLLED}`);
    await eventually(other(), has(prices));
    await eventually(told(), has(prices));
    expect(performance.now() - asked).toBeLessThan(5000);
    for (const node of [owner, follower])
      await eventually(node, (quotes) => quotes.every(({ layer, status }) => layer === 'l1' && status === 'live'));
  });

  it('is not believed before a vendor has said it again, wherever it is read, while others are', async () => {
    sandbox.setFault({ target: 'bse', kind: 'stall' });
    await forget(owner, `/${POLLED}`);
    const isMarked = ([first, ...rest]: Reading[]): boolean =>
      first?.status === 'delayed' && first.layer !== 'l1' && rest.every(({ status }) => status === 'live');
    for (const node of [follower, owner]) await eventually(node, isMarked);
    for (const node of [follower, owner]) expect(isMarked(await read(node))).toBe(true);
  });

  it('leaves the memory of the other node', async () => {
    for (const id of [POLLED, OTHER]) await remember(follower, id, 1);
    await forget(owner, `/${POLLED}`);
    await expect.poll(() => remembers(follower, POLLED), { timeout: 15_000 }).toBe(false);
    expect(await remembers(follower, OTHER)).toBe(true);
  });
});

it('A quote that Redis keeps is not said to be forgotten', async () => {
  await remember(owner, POLLED, 1);
  await raw.config('SET', 'min-replicas-to-write', '1');
  for (const path of [`/${POLLED}`, '']) {
    const answer = await fetch(`${owner.url}/api/v1/cache/quotes${path}`, { method: 'DELETE' });
    expect([answer.status, await answer.json()]).toMatchObject([502, { code: 'SOURCE_FAILED' }]);
  }
  await raw.config('SET', 'min-replicas-to-write', '0');
  await forget(owner, `/${POLLED}`);
});

describe('All quotes, when one node is told to forget them', () => {
  it.each([
    ['the owner', () => owner],
    ['a node that is not the owner', () => follower],
  ])('are forgotten by all, who get them anew from their vendors: told to %s', async (_, told) => {
    const prices = await move(POLLED, OTHER);
    const { cleared } = await forget(told(), '');
    expect(cleared).toBeGreaterThanOrEqual(SYMBOLS.length);
    for (const node of [owner, follower]) await eventually(node, has(prices));
  });
});

it('Nothing is forgotten because of what cannot be read', async () => {
  const wrong = ['{"kind":"forget","node":"x","symbols":"all"}', '{"kind":"forget","node":"x","symbols":[1]}'];
  const strange = JSON.stringify({ kind: 'forget', node: 'x', symbols: ['NSE:NOTHING', '__proto__'] });
  for (const text of [...wrong, '{"kind":"forget"}', '{"kind":"forget', strange]) await raw.publish(NEWS, text);
  // behind them on the same channel; its vendor does not answer, so it stays forgotten
  sandbox.setFault({ target: 'bse', kind: 'stall' });
  await raw.publish(NEWS, JSON.stringify({ kind: 'forget', node: 'x', symbols: [POLLED] }));
  const only = ([first, ...rest]: Reading[]): boolean =>
    first?.status === 'delayed' && rest.every(({ status }) => status === 'live');
  for (const node of [owner, follower]) await eventually(node, only);
});
