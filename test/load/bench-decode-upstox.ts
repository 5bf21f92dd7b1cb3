import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Instrument } from '#domain';
import { parseFeedFrame } from '../../libs/vendors/src/upstox/upstox.parse.js';
import { type Full, feedFrame, fullFeed, type Level } from '../../apps/sandbox/src/upstox/upstox.frames.js';

/**
 * What one tick of a frame costs: our decoder, which ends in ticks, against the vendor's SDK, which decodes with its schema and hands
 * its user a JSON text. Frames as in mode `full`: 50 instruments, five levels, two candles. Prints JSON, nanoseconds a tick.
 */
const FRAMES = 200;
const INSTRUMENTS = 50;
const ROUNDS = 15;
const START = 1_740_729_566_000;

const keys = Array.from({ length: INSTRUMENTS }, (_, i) => `NSE_EQ|INE${String(i).padStart(3, '0')}A01020`);
const instruments = new Map<string, Instrument>(
  keys.map((key, i) => [
    key,
    {
      id: `NSE:B${i}`,
      exchange: 'NSE',
      ticker: `B${i}`,
      name: `Bench Instrument ${i} Limited`,
      isin: key.slice('NSE_EQ|'.length),
      bseCode: undefined,
      tickSize: 0.05,
      decimals: 2,
      currency: 'INR',
      indices: [],
    },
  ]),
);
const frames = Array.from({ length: FRAMES }, (_, n) =>
  feedFrame(
    'live_feed',
    keys.map((key, i): [string, Uint8Array] => [key, fullFeed(recordOf(i, n))]),
    START + n,
  ),
);
const ticks = FRAMES * INSTRUMENTS;

/** A share whose price walks from frame to frame. */
function recordOf(i: number, n: number): Full {
  const steps = 2000 + i * 113 + ((n * 7 + i) % 21);
  const ltp = (steps * 5) / 100;
  const at = (offset: number): number => ((steps + offset) * 5) / 100;
  const levels = Array.from({ length: 5 }, (_, k): Level => ({
    bidQ: 75 + k * 31 + n,
    bidP: at(-1 - k),
    askQ: 60 + k * 17 + n,
    askP: at(1 + k),
  }));
  const candle = { open: at(-9), high: at(12), low: at(-15), close: ltp };
  const volume = 1_200_000 + n * 150;
  return {
    mode: 'full',
    levels,
    tbq: 912_345,
    tsq: 845_671,
    auction: undefined,
    traded: {
      ltpc: { ltp, ltt: START + n - 40, ltq: 1 + (n % 90), cp: at(-30) },
      ohlc: [
        { interval: '1d', ...candle, vol: volume, ts: 1_740_681_000_000 },
        { interval: 'I1', ...candle, vol: 4200 + n, ts: 1_740_729_540_000 },
      ],
      atp: ltp + 0.13,
      vtt: volume,
    },
  };
}

interface Message {
  toJSON(): object;
}
interface ProtobufJs {
  loadSync(path: string): { lookupType(name: string): { decode(bytes: Buffer): Message } };
}

/** The SDK's schema, loaded with the protobufjs that the SDK uses. */
function sdkDecoder(): (frame: Buffer) => Message {
  const manifest = createRequire(import.meta.url).resolve('upstox-js-sdk/package.json');
  const protobuf = createRequire(manifest)('protobufjs') as ProtobufJs;
  const FeedResponse = protobuf
    .loadSync(join(manifest, '../dist/feeder/proto/MarketDataFeedV3.proto'))
    .lookupType('com.upstox.marketdatafeederv3udapi.rpc.proto.FeedResponse');
  return (frame) => FeedResponse.decode(frame);
}

/** Best round of several: noise only ever adds. */
function nanosecondsPerTick(decode: (frame: Buffer) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    for (const frame of frames) decode(frame);
    best = Math.min(best, performance.now() - started);
  }
  return Math.round((best * 1e6) / ticks);
}

const reading = {
  instrumentOf: (key: string): Instrument | undefined => instruments.get(key),
  malformed: (error: Error): void => {
    throw error;
  },
};
let read = 0;
const ours = nanosecondsPerTick((frame) => {
  read += parseFeedFrame(frame, START, reading).length;
});
if (read !== ticks * ROUNDS) throw new Error(`${read} ticks instead of ${ticks * ROUNDS}`);

const decode = sdkDecoder();
const sdk = nanosecondsPerTick((frame) => {
  // the SDK pushes this text, and its user parses it
  const view = JSON.parse(JSON.stringify(decode(frame))) as { feeds: object };
  if (Object.keys(view.feeds).length !== INSTRUMENTS) throw new Error('records are missing');
});
console.log(JSON.stringify({ vendor: 'upstox', ours, sdk, ticks }));
