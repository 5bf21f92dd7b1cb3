/**
 * Price change since the previous close, rounded half up to the instrument's decimals; NaN where either is not known.
 * Ours, not the vendor's: one rule for all vendors, and readers of the compact form derive the same value.
 * @param scale ten to the power of the instrument's decimals
 */
export function changeOf(price: number, previousClose: number, scale: number): number {
  // plus zero, because a small fall rounds to minus zero
  return Math.round((price - previousClose) * scale) / scale + 0;
}

/** The change in percent of the previous close, rounded half up to two decimals; NaN where it is not known. */
export function changePercentOf(change: number, previousClose: number): number {
  return previousClose > 0 ? Math.round((change / previousClose) * 10_000) / 100 + 0 : NaN;
}
