import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SpentAccount, VendorRateLimitError, type VendorTurn } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { CreditBudget, type CreditLimit, DAY_MS } from './credit-budget.js';

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-03-02T12:00:00Z');

/** Lets promises that are settled run their callbacks. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

const perMinute = (credits: number): CreditLimit => ({ credits, ms: MINUTE_MS, span: 'any' });
const perDay = (credits: number): CreditLimit => ({ credits, ms: DAY_MS, span: 'calendar' });

it('never spends more than any limit in any of its spans, and serves in order', async () => {
  const limit = fc.record({
    credits: fc.integer({ min: 5, max: 12 }),
    ms: fc.integer({ min: 20, max: 200 }),
    span: fc.constantFrom('any' as const, 'calendar' as const),
  });
  const asks = fc.record({ gap: fc.integer({ min: 0, max: 60 }), credits: fc.integer({ min: 1, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(limit, { minLength: 1, maxLength: 3 }),
      fc.array(asks, { minLength: 1, maxLength: 30 }),
      async (limits, wanted) => {
        const clock = new ManualClock(NOON);
        const budget = new CreditBudget('x', clock, limits, 1e6);
        const spent: { at: number; credits: number; order: number }[] = [];
        const pass = async (ms: number): Promise<void> => {
          await settle();
          for (let passed = 0; passed < ms && spent.length < wanted.length; passed++) {
            clock.advance(1);
            await settle();
          }
        };
        for (const [order, { gap, credits }] of wanted.entries()) {
          void budget.take(credits).then(() => spent.push({ at: clock.now(), credits, order }));
          await pass(gap);
        }
        await pass(10_000);
        expect(spent.map(({ order }) => order)).toEqual(wanted.map((_, order) => order));
        for (const { credits, ms, span } of limits) {
          const starts = spent.map(({ at }) => (span === 'any' ? at : Math.floor(at / ms) * ms));
          for (const start of starts) {
            const inSpan = spent.filter(({ at }) => at >= start && at < start + ms);
            expect(inSpan.reduce((sum, one) => sum + one.credits, 0)).toBeLessThanOrEqual(credits);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

describe('a caller', () => {
  it('waits for credits that come soon', async () => {
    const clock = new ManualClock(NOON);
    const budget = new CreditBudget('x', clock, [perMinute(8)], MINUTE_MS);
    await budget.take(8);
    let isServed = false;
    void budget.take(1).then(() => (isServed = true));
    clock.advance(MINUTE_MS - 1);
    await settle();
    expect(isServed).toBe(false);
    clock.advance(1);
    await settle();
    expect([isServed, budget.left(), clock.pending]).toEqual([true, 7, 0]);
  });

  it('is told when credits come that do not come soon', async () => {
    const clock = new ManualClock(NOON);
    const budget = new CreditBudget('x', clock, [perMinute(8), perDay(10)], MINUTE_MS);
    await budget.take(8);
    clock.advance(MINUTE_MS);
    await budget.take(2);
    const refusal: unknown = await budget.take(1).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(VendorRateLimitError);
    expect((refusal as VendorRateLimitError).retryAfterMs).toBe(DAY_MS / 2 - MINUTE_MS);
    clock.advance(DAY_MS / 2);
    expect(budget.left()).toBe(8);
  });

  it('is told at once when no span holds so many', async () => {
    const budget = new CreditBudget('x', new ManualClock(), [perMinute(8)], MINUTE_MS);
    await expect(budget.take(9)).rejects.toMatchObject({ retryable: false });
  });

  it('can ask how long it would wait', async () => {
    const clock = new ManualClock(NOON);
    const budget = new CreditBudget('x', clock, [perMinute(8)], MINUTE_MS);
    await budget.take(6);
    clock.advance(20_000);
    expect([budget.waitFor(2), budget.waitFor(3)]).toEqual([0, 40_000]);
  });

  it('does not wait any more once the budget is stopped', async () => {
    const clock = new ManualClock();
    const budget = new CreditBudget('x', clock, [perMinute(1)], MINUTE_MS);
    await budget.take(1);
    const waits = budget.take(1);
    budget.stop();
    await waits;
    expect(clock.pending).toBe(0);
  });
});

describe('the vendor', () => {
  it('is believed when it says that fewer credits are left, not when it says more', async () => {
    const budget = new CreditBudget('x', new ManualClock(), [perMinute(8), perDay(800)], MINUTE_MS);
    await budget.take(2);
    budget.report(8);
    expect(budget.left()).toBe(6);
    budget.report(1);
    expect(budget.left()).toBe(1);
    budget.report(-4);
    expect(budget.left()).toBe(0);
  });

  it('is believed when it says that there are none for a while', () => {
    const clock = new ManualClock();
    const budget = new CreditBudget('x', clock, [perMinute(8)], MINUTE_MS);
    budget.blockFor(30_000);
    budget.blockFor(10_000);
    clock.advance(29_999);
    expect(budget.left()).toBe(0);
    clock.advance(1);
    expect(budget.left()).toBe(8);
  });
});

it('begins no new day when the wall clock is put back', async () => {
  const clock = new ManualClock(NOON);
  let offset = 0;
  const wall = { now: () => clock.now() + offset, elapsed: () => clock.elapsed(), after: clock.after.bind(clock) };
  const budget = new CreditBudget('x', wall, [perDay(3)], MINUTE_MS);
  await budget.take(3);
  offset = -DAY_MS;
  expect(budget.left()).toBe(0);
});

describe('a budget that several processes share', () => {
  function aTurn(): VendorTurn & { begin(): void; readonly accounts: SpentAccount[]; readonly booked: number[][] } {
    const listeners: (() => void)[] = [];
    const accounts: SpentAccount[] = [];
    const booked: number[][] = [];
    return {
      accounts,
      booked,
      mayCall: () => true,
      onTurn: (listener) => void listeners.push(listener),
      share: (account) => {
        accounts.push(account);
        return (span, credits) => void booked.push([span, credits]);
      },
      begin: () => {
        for (const listener of listeners) listener();
      },
    };
  }

  it('tells what it spends of a day, and takes what others have spent of the same day', async () => {
    const clock = new ManualClock(NOON);
    const turn = aTurn();
    const budget = new CreditBudget('x', clock, [perDay(25)], 0, turn);
    await budget.take(2);
    const today = Math.floor(NOON / DAY_MS);
    expect(turn.booked).toEqual([[today, 2]]);
    const account = turn.accounts[0] as SpentAccount;
    expect(account.present()).toEqual({ span: today, credits: 2 });
    account.raise(today, 24);
    account.raise(today, 5);
    account.raise(today - 1, 25);
    expect(budget.left()).toBe(1);
    clock.advance(DAY_MS);
    expect(budget.left()).toBe(25);
  });

  it('begins its turn with an empty minute that fills at the steady rate', () => {
    const clock = new ManualClock(NOON);
    const turn = aTurn();
    const budget = new CreditBudget('x', clock, [perMinute(6)], 0, turn);
    expect(budget.left()).toBe(6);
    turn.begin();
    expect(budget.left()).toBe(0);
    expect(budget.waitFor(1)).toBe(10_000);
    clock.advance(30_000);
    expect(budget.left()).toBe(3);
    clock.advance(30_000);
    expect(budget.left()).toBe(6);
  });
});
