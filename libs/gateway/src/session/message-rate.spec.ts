import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { MessageRate, type RateVerdict } from './message-rate.js';

function takes(rate: MessageRate, count: number): Record<RateVerdict, number> {
  const verdicts = { ok: 0, warn: 0, close: 0 };
  for (let i = 0; i < count; i++) verdicts[rate.take()]++;
  return verdicts;
}

it('lets two seconds’ worth through at once, then warns, then gives up', () => {
  const rate = new MessageRate(new ManualClock(), 5);
  expect(takes(rate, 16)).toEqual({ ok: 10, warn: 5, close: 1 });
});

it('lets the rate through for ever, and forgets warnings once a client is well behaved', () => {
  const clock = new ManualClock();
  const rate = new MessageRate(clock, 5);
  takes(rate, 14);
  for (let i = 0; i < 100; i++) {
    clock.advance(200);
    expect(rate.take()).toBe('ok');
  }
  clock.advance(10_000);
  expect(takes(rate, 14)).toEqual({ ok: 10, warn: 4, close: 0 });
  expect(takes(rate, 1)).toEqual({ ok: 0, warn: 1, close: 0 });
});
