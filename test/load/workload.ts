import { seededRandom } from './random.js';

/** Who watches what. Symbols are numbered from 0 in order of popularity; `symbolOf` gives the name. */
export interface Workload {
  readonly symbols: number;
  /** Symbol numbers of each client, without repetition. */
  readonly watchlists: readonly (readonly number[])[];
  /** Clients per symbol. */
  readonly subscribers: Float64Array;
  /** Sum of `subscribers`: deliveries when each symbol ticks once. */
  readonly subscriptions: number;
}

export interface WorkloadSize {
  readonly clients: number;
  readonly symbols: number;
  readonly perClient: number;
  readonly seed: number;
}

export function symbolOf(index: number): string {
  return `NSE:B${String(index + 1).padStart(4, '0')}`;
}

/** Watchlists drawn without replacement where the symbol of rank k has the weight 1/k: few names almost everyone watches, a long tail. */
export function zipfWorkload({ clients, symbols, perClient, seed }: WorkloadSize): Workload {
  const random = seededRandom(seed);
  const subscribers = new Float64Array(symbols);
  const watchlists = Array.from({ length: clients }, () => {
    const watchlist = drawWeighted(symbols, perClient, random);
    for (const symbol of watchlist) subscribers[symbol]!++;
    return watchlist;
  });
  return { symbols, watchlists, subscribers, subscriptions: clients * Math.min(perClient, symbols) };
}

/** Weighted draw without replacement (Efraimidis and Spirakis): the smallest keys of -ln(u) / weight win. */
function drawWeighted(symbols: number, count: number, random: () => number): number[] {
  const keys = Array.from({ length: symbols }, (_, rank) => ({ rank, key: -Math.log(1 - random()) * (rank + 1) }));
  keys.sort((a, b) => a.key - b.key);
  return keys.slice(0, count).map(({ rank }) => rank);
}
