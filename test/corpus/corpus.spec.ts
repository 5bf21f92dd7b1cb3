import { describe, expect, it } from 'vitest';
import { type Corpus, makeCorpus } from './corpus.js';
import { evaluate } from './evaluate.js';
import { FAULTS } from './faults.js';

const aCorpus = (seed: number): Corpus => makeCorpus({ seed, good: 10_000, corrupted: 1000 });
const corpus = aCorpus(1);

describe('the corpus', () => {
  it('has 10,000 good ticks and 1,000 that are wrong in six ways, the same every time', () => {
    const wrong = corpus.ticks.filter(({ fault }) => fault !== undefined);
    expect([corpus.ticks.length, wrong.length]).toEqual([11_000, 1000]);
    for (const fault of FAULTS) expect(wrong.filter((one) => one.fault === fault).length).toBeGreaterThan(165);
    expect(aCorpus(1)).toEqual(corpus);
  });

  it('has what good ticks are easily refused for: gaps, news, and books that cross before the open', () => {
    const good = corpus.ticks.filter(({ fault }) => fault === undefined).map(({ tick }) => tick);
    expect(corpus.gaps).toBeGreaterThan(60);
    expect(good.filter(({ bid, ask }) => (bid ?? 0) > (ask ?? Infinity)).length).toBeGreaterThan(30);
  });
});

describe('the deep tier', () => {
  it('catches at least 99 % of the corrupted ticks and refuses at most 0.1 % of the good ones', () => {
    const { recall, precision, falseRejections, held } = evaluate(corpus, true);
    expect(recall).toBeGreaterThanOrEqual(0.99);
    expect(falseRejections).toBeLessThanOrEqual(0.001);
    expect(precision).toBeGreaterThanOrEqual(0.99);
    // real gaps wait for a second tick, and are served
    expect(held).toBeGreaterThan(20);
  });

  it('does so for other days too', () => {
    const days = Array.from({ length: 6 }, (_, i) => evaluate(aCorpus(i + 2), true));
    const mean = (of: 'recall' | 'falseRejections'): number =>
      days.reduce((sum, day) => sum + day[of], 0) / days.length;
    expect(Math.min(...days.map(({ recall }) => recall))).toBeGreaterThanOrEqual(0.99);
    expect(mean('falseRejections')).toBeLessThanOrEqual(0.001);
  });
});

it('is what the first tier alone cannot do: it sees no crossed book and no price that is merely unlikely', () => {
  const { recall, missed } = evaluate(corpus, false);
  expect(recall).toBeGreaterThan(0.7);
  expect(Object.keys(missed).toSorted()).toEqual(['crossed book', 'stale repeat', 'swapped symbol']);
});
