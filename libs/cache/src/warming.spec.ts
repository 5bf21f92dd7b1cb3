import { expect, it } from 'vitest';
import { silentLog, systemClock } from '#domain';
import type { QuoteReader } from './quote-reader.js';
import { Warming } from './warming.js';

it('is degraded when its time is over, until the values that were missing have come', async () => {
  const known = new Set<string>();
  const reader = {
    read: (symbols: readonly string[]) =>
      Promise.resolve({
        quotes: [],
        errors: symbols.map((symbol) => ({ symbol, code: 'SOURCE_FAILED', message: '' })),
      }),
    knows: (symbol: string) => known.has(symbol),
  };
  const warming = new Warming(['NSE:A', 'NSE:B'], 20, systemClock, silentLog);
  expect(warming.report()).toMatchObject({ state: 'down' });
  await warming.run(reader as unknown as QuoteReader);
  known.add('NSE:A');
  expect(warming.report()).toEqual({ state: 'degraded', essential: 2, missing: ['NSE:B'] });
  known.add('NSE:B');
  expect(warming.report()).toEqual({ state: 'up', essential: 2 });
});
