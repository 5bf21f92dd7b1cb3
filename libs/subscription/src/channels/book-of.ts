import type { QuoteState } from '#cache';
import { type Book, emptyBook, F, setLevel } from '#domain';

/** The newest book of an instrument: the levels its vendor sends, or one of the best prices where it sends no more. */
export function bookOf(state: QuoteState): Book {
  if (state.book !== undefined && state.bookSource === state.latestSource) return state.book;
  const book = emptyBook();
  const [bid, ask] = [state.latest(F.bid), state.latest(F.ask)];
  if (!Number.isNaN(bid)) setLevel(book, 'bids', 0, bid, state.latest(F.bidSize));
  if (!Number.isNaN(ask)) setLevel(book, 'asks', 0, ask, state.latest(F.askSize));
  return book;
}
