import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { Pauses } from './pauses.js';

const [A, B] = ['NSE:A', 'NSE:B'];

describe('Pauses', () => {
  it('hold symbols until they are resumed', () => {
    const pauses = new Pauses(new ManualClock());
    expect(pauses.some).toBe(false);
    pauses.pause([A, B]);
    expect([pauses.has(A), pauses.has(B), pauses.has('NSE:C')]).toEqual([true, true, false]);
    pauses.resume([A]);
    expect([...pauses.symbols]).toEqual([B]);
    pauses.resume(['all']);
    expect(pauses.some).toBe(false);
  });

  it('hold every symbol with "all", and none when all are resumed', () => {
    const pauses = new Pauses(new ManualClock());
    pauses.pause(['all']);
    expect([pauses.areAll, pauses.has(A)]).toEqual([true, true]);
    pauses.resume(['all']);
    expect([pauses.areAll, pauses.has(A)]).toEqual([false, false]);
  });

  it('doubt a value of a paused symbol, and one of before the end of the pause', () => {
    const clock = new ManualClock();
    const pauses = new Pauses(clock);
    const before = clock.now();
    expect(pauses.doubts(A, before)).toBe(false);
    pauses.pause([A]);
    expect(pauses.doubts(A, before)).toBe(true);
    clock.advance(10);
    pauses.resume([A]);
    expect([pauses.doubts(A, before), pauses.doubts(B, before)]).toEqual([true, false]);
    expect(pauses.doubts(A, clock.now())).toBe(false);
  });

  it('doubt every value of before the end of a pause of all', () => {
    const clock = new ManualClock();
    const pauses = new Pauses(clock);
    const before = clock.now();
    pauses.pause(['all']);
    clock.advance(10);
    pauses.resume(['all']);
    expect([pauses.doubts(A, before), pauses.doubts(A, clock.now())]).toEqual([true, false]);
  });

  it('tell of changes, not of what is so already', () => {
    const pauses = new Pauses(new ManualClock());
    const changed = vi.fn();
    pauses.onChange(changed);
    pauses.pause([A]);
    pauses.pause([A]);
    pauses.become(new Set([A]));
    pauses.resume([B]);
    expect(changed).toHaveBeenCalledTimes(1);
    pauses.become(new Set());
    expect(changed).toHaveBeenCalledTimes(2);
  });
});
