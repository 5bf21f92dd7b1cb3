import type { TimeUnit } from './json-mapping.js';

const MISSING = new Set(['', '-', 'N/A', 'NA', 'N.A.']);

/**
 * A number as vendors write them: thousands separators, a leading plus, a trailing percent sign. Undefined for words for "none" and
 * for anything that is no number; NaN for null, which clears a field.
 */
export function cleanNumber(value: unknown): number | undefined {
  // 1e999 is good JSON, and Infinity once read
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === undefined) return undefined;
  if (value === null) return NaN;
  if (typeof value !== 'string') return undefined;
  if (isMissing(value)) return undefined;
  const text = value.trim();
  const number = Number(text.replaceAll(',', '').replace(/^\+/, '').replace(/%$/, ''));
  return Number.isFinite(number) ? number : undefined;
}

/** Whether a text is a vendor's word for "none". */
export function isMissing(text: string): boolean {
  return MISSING.has(text.trim().toUpperCase());
}

/** Epoch ms from a vendor's time; undefined when it is none. `auto` tells the unit by the size of the number. */
export function toEpochMs(value: unknown, unit: TimeUnit): number | undefined {
  if (unit === 'iso') {
    const parsed = typeof value === 'string' ? Date.parse(value) : NaN;
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  // nanoseconds lose some hundred of their last digits in a double; milliseconds do not notice
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  if (!Number.isFinite(number)) return undefined;
  switch (unit === 'auto' ? unitOf(number) : unit) {
    case 's':
      return number * 1000;
    case 'ms':
      return number;
    case 'us':
      return Math.floor(number / 1000);
    default:
      return Math.floor(number / 1_000_000);
  }
}

function unitOf(number: number): TimeUnit {
  if (number < 1e11) return 's';
  if (number < 1e14) return 'ms';
  return number < 1e17 ? 'us' : 'ns';
}
