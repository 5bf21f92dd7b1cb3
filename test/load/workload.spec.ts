import { describe, expect, it } from 'vitest';
import { symbolOf, zipfWorkload } from './workload.js';

const size = { clients: 400, symbols: 300, perClient: 20, seed: 7 };

describe('zipfWorkload', () => {
  const workload = zipfWorkload(size);

  it('gives each client its number of different symbols', () => {
    expect(workload.watchlists).toHaveLength(400);
    for (const watchlist of workload.watchlists) expect(new Set(watchlist).size).toBe(20);
  });

  it('counts the subscribers of each symbol', () => {
    const total = workload.subscribers.reduce((sum, n) => sum + n, 0);
    expect(total).toBe(workload.subscriptions);
    expect(workload.subscribers[0]).toBe(workload.watchlists.filter((list) => list.includes(0)).length);
  });

  it('prefers low ranks', () => {
    const share = (from: number, to: number): number =>
      workload.subscribers.subarray(from, to).reduce((sum, n) => sum + n, 0) / workload.subscriptions;
    expect(share(0, 30)).toBeGreaterThan(0.35);
    expect(share(0, 30)).toBeGreaterThan(5 * share(270, 300));
  });

  it('is the same for the same seed only', () => {
    expect(zipfWorkload(size)).toEqual(workload);
    expect(zipfWorkload({ ...size, seed: 8 })).not.toEqual(workload);
  });

  it('hands out every symbol when a client wants as many as there are', () => {
    expect(zipfWorkload({ ...size, clients: 1, perClient: 300 }).watchlists[0]).toHaveLength(300);
  });
});

describe('symbolOf', () => {
  it('numbers from B0001', () => {
    expect([symbolOf(0), symbolOf(999)]).toEqual(['NSE:B0001', 'NSE:B1000']);
  });
});
