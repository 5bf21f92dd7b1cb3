import type { SubscribeOptions } from './subscriber.js';

/** A stretch of a mode's ladder with one conflation window; rates are deliveries a second asked of the feed. */
export interface Segment {
  readonly windowMs: number;
  readonly rates: readonly number[];
}

/** One way to receive, from one server. */
export interface Mode {
  readonly id: string;
  readonly title: string;
  readonly server: 'baseline' | 'product';
  readonly door: 'socket.io' | 'websocket';
  readonly format: 'json' | 'msgpack' | 'compact';
  readonly options: SubscribeOptions;
  /**
   * A conflation window longer than a symbol's tick interval removes ticks, so the high rungs of 1,000 x 50 need a shorter
   * one: at 2,000,000/s a symbol ticks every 25 ms.
   */
  readonly ladder: readonly Segment[];
}

const K = 1_000;
const M = 1_000_000;
const BATCHED: readonly Segment[] = [
  { windowMs: 50, rates: [50 * K, 500 * K] },
  { windowMs: 22, rates: [1 * M, 1.5 * M, 1.75 * M, 2 * M, 2.25 * M] },
];

export const BASELINE: Mode = {
  id: 'baseline',
  title: 'baseline: Nest gateway, room emit',
  server: 'baseline',
  door: 'socket.io',
  format: 'json',
  options: {},
  ladder: [{ windowMs: 0, rates: [25 * K, 40 * K, 50 * K, 65 * K, 80 * K, 100 * K, 125 * K, 150 * K] }],
};

/** What a stock client gets that knows nothing of options: one event per update, whole quotes. */
export const STOCK: Mode = {
  id: 'stock',
  title: 'Socket.IO stock',
  server: 'product',
  door: 'socket.io',
  format: 'json',
  options: {},
  ladder: [
    { windowMs: 50, rates: [25 * K, 50 * K, 100 * K, 250 * K, 500 * K, 750 * K] },
    { windowMs: 25, rates: [50 * K, 500 * K, 750 * K, 1 * M, 1.25 * M, 1.5 * M] },
  ],
};

const DELTA_BATCH: SubscribeOptions = { compression: 'delta', batch: true };

export const PRODUCT_MODES: readonly Mode[] = [
  STOCK,
  product('sio-batch', 'Socket.IO batch, JSON delta', 'socket.io', 'json'),
  product('ws-json', 'ws batch, JSON delta', 'websocket', 'json'),
  product('ws-msgpack', 'ws batch, MessagePack delta', 'websocket', 'msgpack'),
  product('ws-compact', 'ws batch, compact', 'websocket', 'compact'),
];

function product(id: string, title: string, door: Mode['door'], format: Mode['format']): Mode {
  return { id, title, server: 'product', door, format, options: DELTA_BATCH, ladder: BATCHED };
}
