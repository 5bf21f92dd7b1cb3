import { expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { LatencyWindow } from './latency-window.js';
import { Patience } from './patience.js';

const never = (): Promise<never> => new Promise(() => undefined);

it('waits no longer than it may, then does not ask at all for a second', async () => {
  const clock = new ManualClock();
  const patience = new Patience(clock, 50);
  const late = expect(patience.ask(never)).rejects.toThrow('within 50 ms');
  clock.advance(50);
  await late;
  let asked = 0;
  const ask = (): Promise<number> => patience.ask(() => Promise.resolve(++asked));
  await expect(ask()).rejects.toThrow('left alone');
  expect(asked).toBe(0);
  clock.advance(1000);
  expect(await ask()).toBe(1);
  expect(clock.pending).toBe(0);
});

it('waits longer for what nobody waits for', async () => {
  const clock = new ManualClock();
  const patience = new Patience(clock, 50);
  const late = expect(patience.longer(200, () => patience.ask(never))).rejects.toThrow('within 200 ms');
  clock.advance(199);
  expect(patience.isSpent).toBe(false);
  clock.advance(1);
  await late;
  expect(patience.isSpent).toBe(true);
});

it('passes on an answer and an error in time', async () => {
  const patience = new Patience(new ManualClock(), 50);
  expect(await patience.ask(() => Promise.resolve('yes'))).toBe('yes');
  await expect(patience.ask(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

it('tells percentiles of the last durations', () => {
  const window = new LatencyWindow(100);
  expect(window.percentile(0.99)).toBe(0);
  for (let ms = 1000; ms > 0; ms--) window.add(ms);
  expect(window.percentile(0.5)).toBe(50);
  expect(window.percentile(0.99)).toBe(99);
});
