import { MarketDataError } from '#domain';
import type { HistoryEngine } from './history-engine.js';

/** What repositories need of an engine. */
export type EngineReader = Pick<HistoryEngine, 'rows' | 'bytes' | 'state'>;

/**
 * Refuses an engine whose tables may not be there yet: while it starts, statements already reach it.
 * @throws MarketDataError `HISTORY_UNAVAILABLE`
 */
export function checkUp({ state }: Pick<EngineReader, 'state'>): void {
  if (state !== 'up') throw new MarketDataError('HISTORY_UNAVAILABLE', `The history is ${state}`, state !== 'closed');
}
