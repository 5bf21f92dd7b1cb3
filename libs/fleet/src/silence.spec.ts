import { expect, it } from 'vitest';
import { Silence } from './silence.js';

const LEASE_MS = 3000;
const TIMEOUT_MS = 1000;

it('is proof after a third of a lease of failures', () => {
  const silence = new Silence(LEASE_MS, TIMEOUT_MS);
  silence.failed(1000, 1990);
  expect(silence.isProven(1990)).toBe(false);
  silence.failed(1995, 2000);
  expect(silence.isProven(2000)).toBe(true);
});

it('ends with an answer', () => {
  const silence = new Silence(LEASE_MS, TIMEOUT_MS);
  silence.failed(1000, 1010);
  silence.failed(2500, 2600);
  silence.end();
  expect(silence.isProven(2600)).toBe(false);
  silence.failed(3000, 3010);
  expect(silence.isProven(3010)).toBe(false);
});

it('is no proof for who was stopped while it waited', () => {
  const silence = new Silence(LEASE_MS, TIMEOUT_MS);
  silence.failed(1000, 11_000);
  silence.failed(11_001, 11_010);
  expect(silence.isProven(11_010)).toBe(false);
  silence.failed(12_500, 12_510);
  expect(silence.isProven(12_510)).toBe(true);
});

it('is no proof for who was stopped between two questions, even where Redis had been silent before', () => {
  const silence = new Silence(LEASE_MS, TIMEOUT_MS);
  silence.failed(1000, 1010);
  silence.failed(2600, 2610);
  expect(silence.isProven(2610)).toBe(true);
  expect(silence.isProven(12_000)).toBe(false);
  silence.failed(12_000, 12_010);
  expect(silence.isProven(12_010)).toBe(false);
});
