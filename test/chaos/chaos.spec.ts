import { afterAll, beforeAll, expect, it } from 'vitest';
import type { QuoteState } from '#cache';
import { LastValueStore } from '#cache';
import type { Tick } from '#domain';
import { FeedSupervisor, Freshness, QuotePipeline } from '#fetcher';
import { seededRandom } from '../../apps/sandbox/src/market-model/seeded-random.js';
import type { Listing } from '../../apps/sandbox/src/market-model/listing.js';
import { ChaosProxy, type ProxiedConnection } from '../support/chaos-proxy.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const CHAOS_MS = Number(process.env['CHAOS_MS'] ?? 120_000);
const SAMPLE_MS = 250;
const NAMES = 1050;
/** A symbol is dark while what we serve is not what the market says. */
const DARK_AT_MOST_MS = 15_000;
/** A mute connection may be taken for a live one for so long. */
const LOOKS_LIVE_AT_MOST_MS = 14_000;

let proxy: ChaosProxy;
let product: Product;
let client: RawClient;

beforeAll(async () => {
  const names = { SANDBOX_SYNTHETIC: String(NAMES - 50), SANDBOX_TICKS_PER_SECOND: '1', SANDBOX_STEP_MS: '100' };
  product = await aProduct(
    { VENDORS: 'fyers,upstox', FYERS_SOCKETS: '5', MAX_SYMBOLS_PER_CLIENT: '2000', LOG_LEVEL: 'error' },
    names,
    async (sandbox) => {
      proxy = await ChaosProxy.start(sandbox.port);
      const through = (value: string): string =>
        value.replaceAll(`127.0.0.1:${sandbox.port}`, `127.0.0.1:${proxy.port}`);
      return Object.fromEntries(Object.entries(sandbox.settings).map(([key, value]) => [key, through(value)]));
    },
  );
  client = await RawClient.connect(product.wsUrl);
});

afterAll(async () => {
  client.close();
  await product.stop();
  // nothing of ours is left on the wire
  await until('no connection left', () => proxy.connections.size === 0);
  await proxy.close();
});

interface Watched {
  readonly state: QuoteState;
  readonly listing: Listing;
  darkSince: number | undefined;
}

function watchedSymbols(): Watched[] {
  const lastValues = product.server.app.get(LastValueStore);
  const listings = [...product.sandbox.market.listings.values()].filter(
    ({ instrument }) => instrument.exchange === 'NSE',
  );
  return listings.map((listing) => {
    const state = lastValues.peek(listing.instrument.id) as QuoteState;
    return { state, listing, darkSince: undefined };
  });
}

/** Looks at every symbol now and then: how long each was dark, and whether it said so. */
class Darkness {
  longestMs = 0;
  longestOf = '';
  readonly liars = new Set<string>();

  constructor(
    private readonly watched: readonly Watched[],
    private readonly freshness: Freshness,
  ) {}

  look(now: number): void {
    for (const one of this.watched) {
      const { state, listing } = one;
      if (state.quote().price === listing.last) {
        one.darkSince = undefined;
        continue;
      }
      one.darkSince ??= now;
      const dark = now - one.darkSince;
      if (dark > this.longestMs) [this.longestMs, this.longestOf] = [dark, listing.instrument.id];
      if (dark > LOOKS_LIVE_AT_MOST_MS && this.freshness.of(listing.instrument.id) === 'live')
        this.liars.add(listing.instrument.id);
    }
  }
}

it('keeps a thousand symbols over six connections current while five of them are cut, stalled and garbled', async () => {
  const watched = watchedSymbols();
  expect(watched).toHaveLength(NAMES);
  for (let at = 0; at < NAMES; at += 100) {
    client.send({
      action: 'subscribe',
      symbols: watched.slice(at, at + 100).map(({ listing }) => listing.instrument.id),
    });
  }
  await until('all values', () => watched.every(({ state }) => state.known), 30_000);
  const streams = (): ProxiedConnection[] => [...proxy.connections].filter(({ path }) => path.includes('hsm'));
  expect(streams()).toHaveLength(5);

  // the sixth connection is left alone, and must not lose anything of what is at home there
  const supervisor = product.server.app.get(FeedSupervisor);
  const atHome = new Set(
    watched.map(({ state }) => state.instrument.id).filter((id) => supervisor.carriersOf(id)[0]?.vendor === 'upstox'),
  );
  expect(atHome.size).toBe(NAMES - 1000);
  const told = new Map<string, number[]>([...atHome].map((id) => [id, []]));
  const heard = new Map<string, number[]>([...atHome].map((id) => [id, []]));
  const pipeline = product.server.app.get(QuotePipeline);
  const accept = pipeline.tick.bind(pipeline);
  pipeline.tick = (tick: Tick) => {
    if (tick.price !== undefined && tick.vendor === 'upstox') heard.get(tick.instrument)?.push(tick.price);
    return accept(tick);
  };
  product.sandbox.market.onStep((moved) => {
    for (const { instrument, last } of moved) told.get(instrument.id)?.push(last);
  });

  const random = seededRandom(7);
  const darkness = new Darkness(watched, product.server.app.get(Freshness));
  product.sandbox.setFault({ target: 'fyers', kind: 'malformed', share: 0.01 });
  const counts = { kill: 0, stall: 0, garble: 0 };
  const started = Date.now();
  let nextFault = started;
  // time in which this process was not let run by its machine darkens nothing
  let ran = started;
  let looked = started;
  for (let now = started; now - started < CHAOS_MS; now = Date.now()) {
    ran += Math.min(now - looked, 2 * SAMPLE_MS);
    looked = now;
    const victims = streams();
    if (now >= nextFault && victims.length > 0) {
      nextFault = now + 1000 + random() * 4000;
      const victim = victims[Math.floor(random() * victims.length)] as ProxiedConnection;
      const kind = (['kill', 'stall', 'garble'] as const)[Math.floor(random() * 3)] ?? 'kill';
      counts[kind]++;
      if (kind === 'stall') victim.stall(2000 + random() * 15_000);
      else victim[kind]();
    }
    darkness.look(ran);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  product.sandbox.clearFaults();
  const faults = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  process.stdout.write(`chaos: ${faults.join(', ')}; longest time a symbol was dark: ${darkness.longestMs} ms\n`);
  expect(Math.min(counts.kill, counts.stall, counts.garble)).toBeGreaterThan(CHAOS_MS / 40_000);
  expect([...darkness.liars]).toEqual([]);
  expect([darkness.longestOf, darkness.longestMs > DARK_AT_MOST_MS]).toEqual([darkness.longestOf, false]);

  // every change of a symbol whose connection was well has come, in order
  const incomplete = (): string[] => [...atHome].filter((id) => missing(told.get(id) ?? [], heard.get(id) ?? []) > 0);
  await until('every change of those that were left alone', () => incomplete().length === 0).catch(() =>
    expect(incomplete()).toEqual([]),
  );

  await until(
    'all current again',
    () => watched.every(({ state, listing }) => state.quote().price === listing.last),
    30_000,
  );
  const broken = (): unknown[] =>
    supervisor.statuses().filter(({ state, unserved }) => state !== 'live' || unserved > 0);
  await until('both feeds whole again', () => broken().length === 0, 90_000).catch(() => expect(broken()).toEqual([]));
  // one that is given up may still be closing
  await until('five connections', () => streams().length <= 5);
  expect(gaps(client)).toEqual([]);
}, 300_000);

/** Prices told and never heard, in order; the last ones may still be on their way. */
function missing(told: readonly number[], heard: readonly number[]): number {
  let at = 0;
  let lost = 0;
  for (const price of told.slice(0, -2)) {
    const found = heard.indexOf(price, at);
    if (found < 0) lost++;
    else at = found;
  }
  return lost;
}

/** Symbols of which the client was sent a sequence that does not follow the one before. */
function gaps({ messages }: RawClient): string[] {
  const last = new Map<string, number>();
  const broken = new Set<string>();
  for (const { type, symbol, seq } of messages) {
    if (type !== 'snapshot' && type !== 'price_update') continue;
    const id = String(symbol);
    if (type === 'price_update' && last.get(id) !== Number(seq) - 1) broken.add(id);
    last.set(id, Number(seq));
  }
  return [...broken];
}
