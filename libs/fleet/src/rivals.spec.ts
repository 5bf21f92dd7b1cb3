import { expect, it } from 'vitest';
import { Rivals } from './rivals.js';

const LEASE_MS = 3000;

it('are none once no renewal of a whole lease has told of one', () => {
  const rivals = new Rivals(LEASE_MS);
  rivals.begin(10_000);
  rivals.renewed(false, 12_999, false);
  expect(rivals.areNone).toBe(false);
  rivals.renewed(false, 13_000, false);
  expect(rivals.areNone).toBe(true);
});

it('are some as soon as a renewal tells of one', () => {
  const rivals = new Rivals(LEASE_MS);
  rivals.renewed(false, 10_000, false);
  expect(rivals.areNone).toBe(true);
  rivals.renewed(true, 11_000, false);
  expect(rivals.areNone).toBe(false);
});

it('are what they were after Redis has come back, which may be empty, until a lease has told otherwise', () => {
  const known = new Rivals(LEASE_MS);
  known.renewed(true, 10_000, false);
  known.renewed(false, 60_000, true);
  expect(known.areNone).toBe(false);
  known.renewed(false, 63_000, false);
  expect(known.areNone).toBe(true);

  known.renewed(false, 120_000, true);
  expect(known.areNone).toBe(true);
});
