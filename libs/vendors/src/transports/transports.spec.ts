import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { backoffMs } from './backoff.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { RateLimiter } from './rate-limiter.js';

const STEP_MS = 10;

/** Lets promises that are settled run their callbacks. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

it('backs off anywhere between nothing and a doubling, capped bound', () => {
  fc.assert(
    fc.property(fc.nat({ max: 60 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), (attempt, chance) => {
      const options = { baseMs: 100, maxMs: 5000 };
      const wait = backoffMs(attempt, options, () => chance);
      expect(wait).toBe(chance * Math.min(5000, 100 * 2 ** attempt));
    }),
  );
});

describe('the rate limiter', () => {
  it('lets no burst through after it has been emptied, but the steady rate', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(clock, 10, 5);
    limiter.empty();
    let served = 0;
    for (let i = 0; i < 3; i++) void limiter.take().then(() => served++);
    await settle();
    expect(served).toBe(0);
    for (const expected of [1, 2, 3]) {
      clock.advance(102);
      await settle();
      expect(served).toBe(expected);
    }
  });

  it('never lets more through than burst and rate allow, in any span, and serves in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 30 }),
        async (perSecond, burst, gaps) => {
          const clock = new ManualClock();
          const limiter = new RateLimiter(clock, perSecond, burst);
          const pass = async (ms: number): Promise<void> => {
            await settle();
            for (let passed = 0; passed < ms; passed += STEP_MS) {
              clock.advance(STEP_MS);
              await settle();
            }
          };
          const served: { at: number; order: number }[] = [];
          for (const [order, gap] of gaps.entries()) {
            void limiter.take().then(() => served.push({ at: clock.elapsed(), order }));
            await pass(gap);
          }
          for (let i = 0; i < 200 && served.length < gaps.length; i++) await pass(100);
          expect(served.map(({ order }) => order)).toEqual(gaps.map((_, order) => order));
          for (let from = 0; from < served.length; from++) {
            for (let to = from; to < served.length; to++) {
              // a caller learns of its turn up to a step late
              const span = ((served[to]!.at - served[from]!.at + STEP_MS) / 1000) * perSecond;
              expect(to - from + 1).toBeLessThanOrEqual(burst + span + 1e-9);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets nobody through while the vendor wants a pause', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(clock, 100, 10);
    limiter.pauseFor(5000);
    limiter.pauseFor(1000);
    let served = 0;
    void limiter.take().then(() => served++);
    clock.advance(4999);
    await settle();
    expect(served).toBe(0);
    clock.advance(10);
    await settle();
    expect(served).toBe(1);
  });
});

describe('the circuit breaker', () => {
  const options = { threshold: 3, openMs: 1000, maxOpenMs: 4000 };
  const aBreaker = (): { clock: ManualClock; breaker: CircuitBreaker; fail: (times?: number) => void } => {
    const clock = new ManualClock();
    const breaker = new CircuitBreaker(clock, options);
    const fail = (times = 1): void => {
      for (let i = 0; i < times; i++) breaker.admit()?.failed();
    };
    return { clock, breaker, fail };
  };

  it('opens after failures in a row, lets one probe through, and closes when it succeeds', () => {
    const { clock, breaker, fail } = aBreaker();
    fail(2);
    breaker.admit()?.succeeded();
    fail(2);
    expect(breaker.state).toBe('closed');
    fail();
    expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
    clock.advance(1000);
    expect(breaker.state).toBe('half-open');
    const probe = breaker.admit();
    expect(breaker.admit()).toBeUndefined();
    probe?.succeeded();
    expect(breaker.state).toBe('closed');
    expect([breaker.admit(), breaker.admit()]).not.toContain(undefined);
  });

  it('stays open twice as long after each probe that fails, up to a bound', () => {
    const { clock, breaker, fail } = aBreaker();
    fail(3);
    for (const openMs of [1000, 2000, 4000, 4000]) {
      clock.advance(openMs - 1);
      expect(breaker.state).toBe('open');
      clock.advance(1);
      fail();
      expect(breaker.state).toBe('open');
    }
  });

  it('opens at once, and for as long, when the vendor turns us away', () => {
    const { clock, breaker } = aBreaker();
    breaker.admit()?.failed(300_000);
    clock.advance(299_999);
    expect(breaker.admit()).toBeUndefined();
    clock.advance(1);
    expect(breaker.admit()).toBeDefined();
  });

  it('is moved neither by a success nor by a failure of a call that was under way when it opened', () => {
    const { clock, breaker } = aBreaker();
    const [early, late, refused] = [breaker.admit(), breaker.admit(), breaker.admit()];
    refused?.failed(300_000);
    early?.succeeded();
    expect(breaker.state).toBe('open');
    late?.failed();
    clock.advance(299_999);
    expect(breaker.state).toBe('open');
  });
});
