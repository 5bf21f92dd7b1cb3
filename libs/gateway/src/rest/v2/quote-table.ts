import type { Table } from '../representation.js';
import type { QuoteAnswerV2, QuotesAnswerV2, QuoteV2 } from './quotes.dto.js';

const COLUMNS =
  'symbol companyName currency last change changePercent size time received priceSource bid ask bidSize askSize bookSource open high low ' +
  'previousClose averagePrice volume openInterest date daySource status layer ageMs error';

function flat({ price, book, day, ...rest }: QuoteV2): object {
  return {
    ...rest,
    ...book,
    ...day,
    ...price,
    priceSource: price.source,
    bookSource: book.source,
    daySource: day.source,
  };
}

/** Quotes as a table; a symbol that could not be read is a row with its code in the last column. */
export const QUOTES_TABLE_V2: Table<QuotesAnswerV2> = {
  columns: COLUMNS.split(' '),
  rows: ({ data, errors }) => [...data.map(flat), ...errors.map(({ symbol, code }) => ({ symbol, error: code }))],
};

export const QUOTE_TABLE_V2: Table<QuoteAnswerV2> = { columns: COLUMNS.split(' '), rows: ({ data }) => [flat(data)] };
