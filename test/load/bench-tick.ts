import { LastValueStore } from '#cache';
import { Encodings, type EncodingOptions } from '#compression';
import {
  Epoch,
  ALL_FIELDS_MASK,
  type Delta,
  type Instrument,
  InstrumentMaster,
  silentMeter,
  systemClock,
  type Tick,
  tick,
} from '#domain';
import { Arrivals, QuotePipeline, Rejections } from '#fetcher';
import { Conflator } from '#subscription';
import { anInstrument } from '../support/instruments.js';

/**
 * What one tick costs on its way to the conflation window, and what one update costs in each encoding; nothing is sent.
 * Baseline in the same run: the way a plain gateway does it, merging objects and JSON.stringify of the whole quote.
 */
const INSTRUMENTS = 1000;
const TICKS = 200_000;
const ROUNDS = 7;
const START = Date.now();

const instruments: Instrument[] = Array.from({ length: INSTRUMENTS }, (_, i) =>
  anInstrument({ id: `NSE:B${i}`, name: `Bench Instrument ${i} Limited` }),
);

/** A trading day in small: prices walk by a tick, volume grows, the quote around the price moves. */
function makeTicks(): Tick[] {
  const paise = new Int32Array(INSTRUMENTS).fill(100_000);
  return Array.from({ length: TICKS }, (_, n) => {
    const i = (n * 7919) % INSTRUMENTS;
    paise[i] = (paise[i] as number) + (((n * 31) % 3) - 1) * 5;
    const price = (paise[i] as number) / 100;
    return tick({
      instrument: `NSE:B${i}`,
      vendor: 'bench',
      receivedAt: START + n,
      eventTime: START + n,
      price,
      volume: n,
      bid: (paise[i] as number) / 100 - 0.05,
      ask: (paise[i] as number) / 100 + 0.05,
      bidSize: n % 900,
      askSize: n % 700,
      lastSize: n % 50,
      previousClose: n < INSTRUMENTS ? 1000 : undefined,
    });
  });
}

/** Best round of several, in microseconds an item: noise only ever adds. */
function best(items: number, round: () => void): number {
  let fastest = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    round();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return (fastest * 1000) / items;
}

function tickPath(ticks: readonly Tick[]): number {
  return best(ticks.length, () => {
    const store = new LastValueStore(new InstrumentMaster(instruments), new Epoch('bench'));
    const conflator = new Conflator(systemClock, 1000, silentMeter);
    conflator.onWindow(() => undefined);
    const rejections = new Rejections(systemClock, silentMeter);
    const pipeline = new QuotePipeline(
      store,
      conflator,
      rejections,
      new Arrivals(systemClock),
      { band: 0.4, maxAheadMs: 3_600_000 },
      silentMeter,
    );
    for (const one of ticks) pipeline.tick(one);
    conflator.stop();
    const [refused] = rejections.recent(1);
    if (refused !== undefined) throw new Error(`a tick was refused: ${refused.reason}`);
  });
}

function encodeCost(ticks: readonly Tick[], options: Partial<EncodingOptions>): number {
  const encoding = new Encodings(new Epoch('bench')).for({
    framing: 'socket.io',
    format: 'json',
    compression: 'none',
    batch: false,
    mask: ALL_FIELDS_MASK,
    ...options,
  });
  const store = new LastValueStore(new InstrumentMaster(instruments), new Epoch('bench'));
  const moved = ticks.slice(0, 50_000);
  return best(moved.length, () => {
    for (const one of moved) {
      store.apply(one);
      for (const delta of store.advance([store.peek(one.instrument)!]) as Delta[]) {
        encoding.update(delta, delta.sequence - 1, START);
      }
    }
  });
}

function plainCost(ticks: readonly Tick[]): number {
  const quotes = new Map<string, object>();
  return best(50_000, () => {
    for (const one of ticks.slice(0, 50_000)) {
      const quote = { ...quotes.get(one.instrument), ...one, timestamp: new Date(one.receivedAt).toISOString() };
      quotes.set(one.instrument, quote);
      JSON.stringify(['price_update', quote]);
    }
  });
}

const ticks = makeTicks();
const path = tickPath(ticks);
const rows: [string, number, string][] = [
  ['check + apply + conflate', path, `goal < 5: ${path < 5 ? 'met' : 'missed'}`],
  ['baseline: merge objects + JSON.stringify whole quote', plainCost(ticks), ''],
  ['apply + advance + encode, whole JSON', encodeCost(ticks, {}), ''],
  ['apply + advance + encode, JSON delta', encodeCost(ticks, { compression: 'delta', batch: true }), ''],
  [
    'apply + advance + encode, MessagePack delta',
    encodeCost(ticks, { format: 'msgpack', compression: 'delta', batch: true }),
    '',
  ],
  [
    'apply + advance + encode, compact',
    encodeCost(ticks, { format: 'compact', compression: 'delta', batch: true }),
    '',
  ],
];
console.log('| step | microseconds a tick | |\n| --- | ---: | --- |');
for (const [name, cost, note] of rows) console.log(`| ${name} | ${cost.toFixed(2)} | ${note} |`);
