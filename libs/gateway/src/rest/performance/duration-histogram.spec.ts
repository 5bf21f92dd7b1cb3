import { expect, it } from 'vitest';
import { DurationHistogram } from './duration-histogram.js';

it('tells quantiles within 2.2 %, from microseconds to minutes', () => {
  for (const scale of [0.005, 1, 100]) {
    const histogram = new DurationHistogram();
    for (let i = 1; i <= 1000; i++) histogram.observe(i * scale);
    for (const share of [0.5, 0.95, 0.99]) {
      const error = histogram.quantile(share) / (share * 1000 * scale) - 1;
      expect(Math.abs(error)).toBeLessThan(0.022);
    }
  }
});

it('tells nothing before the first, and takes what is out of its range', () => {
  const histogram = new DurationHistogram();
  expect(histogram.quantile(0.5)).toBe(0);
  histogram.observe(0);
  histogram.observe(1e9);
  expect(histogram.count).toBe(2);
  expect(histogram.quantile(0.99)).toBeGreaterThan(100_000);
});
