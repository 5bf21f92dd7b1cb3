/**
 * Trade conditions, by the vendor's numbers, with which a print does not become the last price: it was agreed at another time, at
 * another price than the market's, or is too small. The rules are those of the consolidated tapes (CTA and UTP plans).
 * Unverified: 10, 22 and 32 count as the last price when they are the first print of a day, which is not done here.
 */
const NEVER_LAST: readonly number[] = [
  2, // average price
  5, // bunched, sold out of sequence
  7, // cash sale
  10, // derivatively priced
  13, // extended hours, sold out of sequence
  15, // official close, repeated from the listing market
  16, // official open, likewise
  20, // next day
  21, // price variation
  22, // prior reference price
  29, // seller's option
  32, // sold out of sequence
  33, // sold out of sequence, and stopped stock
  37, // odd lot
  52, // contingent
  53, // qualified contingent
];

const EXTENDED_HOURS = 12;

/** Conditions whose trades are no news of the price. */
export function conditionsWithoutPrice(extendedHours: boolean): ReadonlySet<number> {
  return new Set(extendedHours ? NEVER_LAST : [...NEVER_LAST, EXTENDED_HOURS]);
}
