/** A finite number, or one written as plain decimal text; undefined for anything else. */
export function decimalOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^\s*[+-]?\d{1,15}(\.\d{1,15})?\s*$/.test(value)) return undefined;
  return Number(value);
}

/**
 * A price to the decimals its instrument has: vendors that keep prices as 32-bit floats write 200.99001, and the tape of US exchanges
 * has fractions of a cent. Undefined for 0, which stands for "none", and for what is no number.
 */
export function priceOf(value: unknown, decimals: number): number | undefined {
  const price = decimalOf(value);
  if (price === undefined) return undefined;
  const rounded = Number(price.toFixed(decimals));
  return rounded === 0 ? undefined : rounded;
}

/** A count of units; undefined for what is no number, or below 0. */
export function countOf(value: unknown): number | undefined {
  const count = decimalOf(value);
  return count !== undefined && count >= 0 ? count : undefined;
}

/** The value when it is a JSON object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}
