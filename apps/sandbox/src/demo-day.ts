import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Clock } from '#domain';
import type { Listing } from './market-model/listing.js';
import { Market } from './market-model/market.js';
import { readReferences } from './market-model/references.js';

const SYMBOLS = new Set([
  'NSE:RELIANCE',
  'NSE:TCS',
  'NSE:HDFCBANK',
  'BSE:500325',
  'NSE:INFY',
  'NSE:ICICIBANK',
  'NSE:SBIN',
  'NSE:ITC',
]);
const OPENS = Date.parse('2026-11-20T09:15:00+05:30');
const MINUTES = 40;
const STEP_MS = 250;

/** The first minutes of a day of the market model as a file that can be replayed: the same on every run. */
export function demoDay(instruments: string): string {
  let now = OPENS - STEP_MS;
  const clock: Clock = { now: () => now, elapsed: () => now, after: () => () => undefined };
  const references = readReferences(instruments).filter(({ instrument }) => SYMBOLS.has(instrument.id));
  const market = new Market(references, clock, { seed: 20, ticksPerSecond: 0.6, session: 'clock', stepMs: STEP_MS });
  const rows = ['symbol,time,price,size,volume,bid,ask,bid_size,ask_size'];
  market.onStep((moved) => {
    for (const listing of moved) if (listing.tradedAt === now) rows.push(rowOf(listing, now));
  });
  market.start();
  for (; now < OPENS + MINUTES * 60_000; now += STEP_MS) market.step();
  return `${rows.join('\n')}\n`;
}

function rowOf({ instrument, last, lastSize, volume, bid, ask, bidSize, askSize }: Listing, at: number): string {
  const prices = [bid, ask].map((price) => price.toFixed(instrument.decimals));
  return [instrument.id, new Date(at).toISOString(), last, lastSize, volume, ...prices, bidSize, askSize].join(',');
}

if (process.argv[1] === import.meta.filename) {
  const day = demoDay(await readFile('data/instruments.csv', 'utf8'));
  await writeFile('data/demo-day.csv.gz', gzipSync(day, { level: 9 }));
}
