import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';

function filled(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('Histogram', () => {
  it('knows no quantile without records', () => {
    expect(new Histogram().quantile(0.5)).toBeUndefined();
  });

  it('finds quantiles by rank', () => {
    const histogram = filled(Array.from({ length: 100 }, (_, i) => i + 1));
    expect([0, 0.5, 0.99, 1].map((q) => histogram.quantile(q))).toEqual([1, 50, 99, 100]);
  });

  it('takes a clock that steps back as 0 and a very late update as the last bucket', () => {
    const histogram = filled([-3, 90_000]);
    expect([histogram.quantile(0.5), histogram.quantile(1)]).toEqual([0, 20_000]);
  });

  it('forgets at reset', () => {
    const histogram = filled([5, 6]);
    histogram.reset();
    expect([histogram.count, histogram.quantile(1)]).toEqual([0, undefined]);
  });
});
