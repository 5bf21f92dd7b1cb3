/**
 * The numeric fields of a quote, in wire order: a field's place is its bit in a change mask and its slot in `QuoteValues`.
 * Fields that change with every trade come first, so that the compact form's mask is usually one or two bytes.
 * `kind` says how a value is written: `price` is exact to the instrument's decimals, `percent` to two, `count` is an integer,
 * `time` is epoch milliseconds, `flag` is 0 or 1.
 */
export const QUOTE_FIELDS = [
  { name: 'price', kind: 'price' },
  { name: 'volume', kind: 'count' },
  { name: 'bid', kind: 'price' },
  { name: 'ask', kind: 'price' },
  { name: 'bidSize', kind: 'count' },
  { name: 'askSize', kind: 'count' },
  { name: 'timestamp', kind: 'time' },
  { name: 'lastSize', kind: 'count' },
  { name: 'averagePrice', kind: 'price' },
  { name: 'high', kind: 'price' },
  { name: 'low', kind: 'price' },
  { name: 'change', kind: 'price' },
  { name: 'changePercent', kind: 'percent' },
  { name: 'openInterest', kind: 'count' },
  { name: 'open', kind: 'price' },
  { name: 'previousClose', kind: 'price' },
  { name: 'stale', kind: 'flag' },
] as const;

export type QuoteFieldName = (typeof QUOTE_FIELDS)[number]['name'];

/** Slot of each field: `F.price` is 0. */
export const F = Object.fromEntries(QUOTE_FIELDS.map(({ name }, slot) => [name, slot])) as Record<
  QuoteFieldName,
  number
>;

export const QUOTE_FIELD_COUNT = QUOTE_FIELDS.length;

/** Bits of the two text fields that can change or be asked for; they follow the numeric ones. */
export const SOURCE_BIT = 1 << QUOTE_FIELD_COUNT;
export const COMPANY_NAME_BIT = 1 << (QUOTE_FIELD_COUNT + 1);
export const ALL_FIELDS_MASK = (1 << (QUOTE_FIELD_COUNT + 2)) - 1;

/** One number per field, at its slot; NaN where the value is not known. */
export type QuoteValues = Float64Array;

export function unknownValues(): QuoteValues {
  return new Float64Array(QUOTE_FIELD_COUNT).fill(NaN);
}

/** Bit of a field a client may name in `fields`; undefined for a name that is no quote field. */
export function fieldBit(name: string): number | undefined {
  if (name === 'source') return SOURCE_BIT;
  if (name === 'companyName') return COMPANY_NAME_BIT;
  const slot = QUOTE_FIELDS.findIndex((field) => field.name === name);
  return slot < 0 ? undefined : 1 << slot;
}
