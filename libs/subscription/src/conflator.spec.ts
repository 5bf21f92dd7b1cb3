import { beforeEach, expect, it } from 'vitest';
import { QuoteState } from '#cache';
import { silentMeter } from '#domain';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { Conflator } from './conflator.js';

const [a, b] = ['NSE:A1', 'NSE:B1'].map((id, wireId) => new QuoteState(anInstrument({ id }), wireId)) as [
  QuoteState,
  QuoteState,
];

let clock: ManualClock;
let windows: string[][];

beforeEach(() => {
  clock = new ManualClock();
  windows = [];
});

function conflator(windowMs: number, work = (): void => undefined): Conflator {
  const made = new Conflator(clock, windowMs, silentMeter);
  made.onWindow((moved) => {
    windows.push([...moved].map(({ instrument }) => instrument.id));
    work();
  });
  return made;
}

it('hands on the first change after a quiet time at once, and then one window at a time', () => {
  const made = conflator(25);
  made.mark(a);
  clock.advance(0);
  expect(windows).toEqual([['NSE:A1']]);
  made.mark(a);
  made.mark(b);
  made.mark(a);
  clock.advance(24);
  expect(windows).toHaveLength(1);
  clock.advance(1);
  expect(windows[1]).toEqual(['NSE:A1', 'NSE:B1']);
  expect(made.conflated).toBe(1);
});

it('hands on nothing when nothing moved, and leaves no timer behind', () => {
  const made = conflator(25);
  made.mark(a);
  clock.advance(1000);
  expect(windows).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

it('never sends twice in one turn of the event loop, however long sending takes', () => {
  const made = conflator(10, () => clock.advance(40));
  made.mark(a);
  clock.advance(0);
  made.mark(b);
  expect(windows).toHaveLength(1);
  clock.advance(0);
  expect(windows).toHaveLength(2);
});

it('forgets what is pending when stopped', () => {
  const made = conflator(25);
  made.mark(a);
  made.stop();
  clock.advance(100);
  expect(windows).toEqual([]);
  expect(clock.pending).toBe(0);
});
