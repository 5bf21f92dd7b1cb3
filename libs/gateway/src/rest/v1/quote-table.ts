import { QUOTE_FIELDS } from '#domain';
import type { Table } from '../representation.js';
import type { QuoteAnswer, QuotesAnswer } from './quotes.dto.js';

const COLUMNS = [
  'symbol',
  'companyName',
  ...QUOTE_FIELDS.map(({ name }) => name),
  'source',
  'age',
  'layer',
  'status',
  'error',
];

/** Quotes as a table; a symbol that could not be read is a row with its code in the last column. */
export const QUOTES_TABLE: Table<QuotesAnswer> = {
  columns: COLUMNS,
  rows: ({ quotes, errors }) => [...quotes, ...errors.map(({ symbol, code }) => ({ symbol, error: code }))],
};

export const QUOTE_TABLE: Table<QuoteAnswer> = { columns: COLUMNS, rows: (quote) => [quote] };
