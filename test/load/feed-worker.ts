import { parentPort, workerData } from 'node:worker_threads';
import { EXPECTED, OFFERED, TICKS, type FeedThreadData } from './feed-counters.js';
import { BenchFeed } from './feed.js';

// A thread of its own, so that the feed keeps its pace while the generator reads a flush of a thousand sockets.
const { symbols, seed, windowMs, subscribers, counters } = workerData as FeedThreadData;
const totals = new Float64Array(counters);
const lastWindow = new Float64Array(symbols).fill(-1);

function count(index: number, now: number): void {
  const deliveries = subscribers[index]!;
  totals[TICKS]!++;
  totals[OFFERED]! += deliveries;
  const window = windowMs === 0 ? -2 : Math.floor(now / windowMs);
  if (window !== lastWindow[index]) totals[EXPECTED]! += deliveries;
  if (windowMs > 0) lastWindow[index] = window;
}

const feed = new BenchFeed({ symbols, seed, onTick: count });
parentPort!.on('message', (ticksPerSecond: number) => feed.setRate(ticksPerSecond));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort!.postMessage(await feed.listen());
