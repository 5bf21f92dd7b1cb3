const MISSING = new Set(['', '-', 'NA', 'N.A.']);

/** A number as BSE writes it: Indian grouping, a leading plus, blanks. Undefined for its words for "none", which are never 0. */
export function bseNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (MISSING.has(text.toUpperCase())) return undefined;
  const plain = text.replaceAll(',', '').replace(/^\+/, '');
  return /^-?\d{1,15}(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

/** The same where 0 is a way to say that there is none, and nothing is below it: a price, a size. */
export function bsePositive(value: unknown): number | undefined {
  const number = bseNumber(value);
  return number !== undefined && number > 0 ? number : undefined;
}

/** Whether a value is a number, or one of BSE's ways to say that there is none. */
export function isNumberOrMissing(value: unknown): boolean {
  if (value === undefined || value === null || bseNumber(value) !== undefined) return true;
  return typeof value === 'string' && MISSING.has(value.trim().toUpperCase());
}
