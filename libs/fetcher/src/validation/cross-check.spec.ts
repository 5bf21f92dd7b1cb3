import { describe, expect, it } from 'vitest';
import { T0 } from '../../../../test/support/ticks.js';
import { crossCheck, type CrossVerdict, type Sighting } from './cross-check.js';

const seen = (price: number, eventTime?: number, step?: number): Sighting => ({ price, eventTime, step });

describe('two prices of one instrument', () => {
  it.each<[string, Sighting, Sighting, number, CrossVerdict]>([
    ['agree within a percent', seen(100, T0), seen(101, T0), NaN, 'agree'],
    ['agree whatever their times', seen(100, T0), seen(100, T0 - 3_600_000), NaN, 'agree'],
    ['differ: the one nearer to what was agreed on is taken', seen(110, T0), seen(100.5, T0), 100, 'second'],
    ['and that may be ours', seen(100.5, T0), seen(110, T0), 100, 'ours'],
    ['with nothing agreed on ours stays', seen(110, T0), seen(100, T0), NaN, 'ours'],
    ['a second without a time cannot overrule ours', seen(110, T0), seen(100, undefined), 100, 'ours'],
    ['but it can overrule ours when ours has none', seen(110, undefined), seen(100, T0), 100, 'second'],
    ['an older one says nothing', seen(110, T0), seen(100, T0 - 5001), 100, 'incomparable'],
    ['a little older it does', seen(110, T0), seen(100, T0 - 5000), 100, 'second'],
    [
      'one that sends minutes is as new as its minute may be',
      seen(110, T0),
      seen(100, T0 - 60_000, 60_000),
      100,
      'second',
    ],
    [
      'but may be older by its minute: a real move has the laggard nearer',
      seen(103, T0),
      seen(101.5, T0 - 50_000, 60_000),
      100,
      'incomparable',
    ],
    [
      'one that tells days says nothing of a moment',
      seen(110, T0),
      seen(100, T0 - 3_600_000, 86_400_000),
      100,
      'incomparable',
    ],
    ['but not newer', seen(110, T0), seen(100, T0 - 66_000, 60_000), 100, 'incomparable'],
    ['a clearly newer one is right', seen(100, T0 - 70_000), seen(110, T0), 100, 'second'],
    ['a little newer one needs what was agreed on', seen(100, T0 - 10_000), seen(110, T0), 100, 'incomparable'],
  ])('%s', (_, ours, second, confirmed, expected) => {
    expect(crossCheck(ours, second, confirmed)).toBe(expected);
  });
});
