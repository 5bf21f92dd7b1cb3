import { beforeEach, describe, expect, it } from 'vitest';
import { QuoteState } from '#cache';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { aTick } from '../../../../test/support/ticks.js';
import { Accuracy } from './accuracy.js';
import { ValidationPolicy } from './validation-policy.js';

const A1 = 'NSE:A1';
let clock: ManualClock;
let accuracy: Accuracy;
let state: QuoteState;
let total: number;

beforeEach(() => {
  clock = new ManualClock();
  accuracy = new Accuracy(clock);
  state = new QuoteState(anInstrument({ id: A1 }), 1);
  total = 0;
});

/** Some good and some bad ticks of NSE:A1 by vendor `v`, then a look at them. */
function come(good: number, bad: number): void {
  for (let i = 0; i < good; i++) state.apply(aTick({ price: 100 }));
  for (let i = 0; i < bad; i++) accuracy.refused(aTick(), 'price');
  total += good;
  accuracy.review([['v', total]], [state]);
}

const isStrict = (): boolean => accuracy.isStrict(A1, 'nobody');

describe('accuracy', () => {
  it('is the share of good ticks, by vendor and by instrument', () => {
    come(300, 1);
    accuracy.malformed('v');
    expect(accuracy.ofVendors()).toEqual([{ key: 'v', accuracy: 300 / 302, accepted: 300, refused: 2, strict: false }]);
    expect(accuracy.of(A1)).toMatchObject({ accuracy: 300 / 301, accepted: 300, refused: 1 });
    expect(accuracy.of('NSE:B1')).toBeUndefined();
  });

  it('makes checks stricter below 99.5 %', () => {
    come(995, 5);
    expect(isStrict()).toBe(false);
    come(0, 1);
    expect(isStrict()).toBe(true);
    expect(accuracy.isStrict('NSE:B1', 'v')).toBe(true);
    expect(accuracy.isStrict('NSE:B1', 'w')).toBe(false);
  });

  it('says nothing before there are 200 ticks', () => {
    come(190, 9);
    expect(isStrict()).toBe(false);
    come(0, 1);
    expect(isStrict()).toBe(true);
  });

  it('does not suffer from ticks that came late, or of instruments we do not know', () => {
    come(300, 0);
    for (let i = 0; i < 50; i++) accuracy.refused(aTick(), i % 2 === 0 ? 'late' : 'unknown-instrument');
    come(0, 0);
    expect([accuracy.of(A1)?.accuracy, isStrict()]).toEqual([1, false]);
  });

  it('relaxes checks only after five minutes above 99.8 %', () => {
    come(300, 2);
    expect(isStrict()).toBe(true);
    // 99.7 % is good enough to stay relaxed, not to become so
    come(400, 0);
    clock.advance(600_000);
    come(0, 0);
    expect(isStrict()).toBe(true);
    come(600, 0);
    clock.advance(299_000);
    come(10, 0);
    expect(isStrict()).toBe(true);
    clock.advance(1000);
    come(0, 0);
    expect(isStrict()).toBe(false);
  });

  it('forgets what is older than a quarter of an hour', () => {
    come(300, 10);
    clock.advance(15 * 60_000);
    come(5, 0);
    expect(accuracy.of(A1)).toMatchObject({ accuracy: 1, accepted: 5, refused: 0, strict: true });
    clock.advance(300_000);
    come(0, 0);
    expect(isStrict()).toBe(false);
  });
});

describe('the tier of an instrument', () => {
  let isHot: boolean;
  let strict: boolean;
  let policy: ValidationPolicy;

  beforeEach(() => {
    isHot = false;
    strict = false;
    policy = new ValidationPolicy(['NSE:C1'], () => isHot, { isStrict: () => strict });
  });

  it('follows the settings and demand', () => {
    expect(policy.of(state)).toBe('normal');
    isHot = true;
    expect(policy.of(state)).toBe('high');
    expect(policy.of(new QuoteState(anInstrument({ id: 'NSE:C1' }), 2))).toBe('critical');
  });

  it('is what somebody says, until it is left to itself again', () => {
    isHot = true;
    policy.assign(A1, 'normal');
    expect(policy.report(state)).toEqual({ symbol: A1, tier: 'normal', assigned: 'normal', strict: false });
    policy.assign(A1, undefined);
    expect(policy.report(state)).toEqual({ symbol: A1, tier: 'high', assigned: undefined, strict: false });
  });

  it('is one stricter while ticks are inaccurate', () => {
    strict = true;
    expect(policy.of(state)).toBe('high');
    isHot = true;
    expect(policy.of(state)).toBe('critical');
    policy.assign(A1, 'critical');
    expect(policy.report(state)).toEqual({ symbol: A1, tier: 'critical', assigned: 'critical', strict: true });
  });
});
