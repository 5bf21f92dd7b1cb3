import { COMPANY_NAME_BIT, F } from '#domain';

/** First byte of a compact frame. */
export const CompactKind = { batch: 1, snapshot: 2 } as const;

/** In an update's mask: a second mask, of fields that are no longer known, follows the values. The company name never changes, so its bit is free. */
export const CLEARED_BIT = COMPANY_NAME_BIT;

/** Fields that never travel: the reader computes them from price and previous close, by the rules of `changeOf` and `changePercentOf`. */
export const DERIVED_MASK = (1 << F.change) | (1 << F.changePercent);

export function wireScale(decimals: number): number {
  return 10 ** decimals;
}
