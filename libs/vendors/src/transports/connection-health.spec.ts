import { expect, it } from 'vitest';
import { aTick } from '../../../../test/support/ticks.js';
import { ConnectionHealth } from './connection-health.js';

const CHECK_MS = 2000;

/** A connection that brings so many ticks a second for some seconds, checked as it goes. */
function running(perSecond: number, seconds: number): { health: ConnectionHealth; now: number; verdicts: unknown[] } {
  let now = 0;
  const health = new ConnectionHealth(now);
  const verdicts: unknown[] = [];
  const step = 1000 / perSecond;
  for (let next = step; next <= seconds * 1000; next += step) {
    now = next;
    health.frame([aTick({ price: 1, eventTime: now - 40 })], now);
    if (Math.floor(now / CHECK_MS) > Math.floor((now - step) / CHECK_MS)) verdicts.push(health.check(now, true));
  }
  return { health, now, verdicts };
}

it('finds a connection mute within seconds of what it used to bring', () => {
  const { health, now, verdicts } = running(20, 60);
  expect(verdicts.every((verdict) => verdict === undefined)).toBe(true);
  expect(health.figures().ticksPerSecond).toBeGreaterThan(10);
  expect(Math.round(health.figures().latencyMs ?? 0)).toBe(40);
  const found = [2000, 4000, 6000].map((later) => health.check(now + later, true));
  expect(found.slice(0, 2)).toEqual([undefined, undefined]);
  expect(found[2]).toMatch(/without a price for 6000 ms/);
});

it('finds a connection mute that took the place of a busy one', () => {
  const health = new ConnectionHealth(0, 20);
  const found = [2000, 4000, 6000].map((now) => health.check(now, true));
  expect(found[2]).toMatch(/without a price for 6000 ms/);
});

it('does not take a quiet connection for a mute one', () => {
  const { health, now } = running(0.2, 300);
  for (let later = CHECK_MS; later <= 20_000; later += CHECK_MS)
    expect(health.check(now + later, true)).toBeUndefined();
});

it('takes silence for nothing when nothing is traded', () => {
  const { health, now } = running(50, 60);
  for (let later = CHECK_MS; later <= 600_000; later += CHECK_MS)
    expect(health.check(now + later, false)).toBeUndefined();
  // nor in the first seconds of the next day
  expect(health.check(now + 602_000, true)).toBeUndefined();
});

it('finds a connection whose frames cannot be read', () => {
  const { health, now } = running(20, 10);
  for (let i = 0; i < 30; i++) {
    health.frame([], now + 100 + i);
    if (i % 3 !== 0) health.unreadable();
  }
  expect(health.check(now + CHECK_MS, true)).toMatch(/67 % of its frames/);
});
