import type { Instrument } from '#domain';

/** An instrument for a test, complete and unremarkable but for what is given. */
export function anInstrument(given: Partial<Instrument> & Pick<Instrument, 'id'>): Instrument {
  const [exchange = '', ticker = ''] = given.id.split(':');
  return {
    exchange,
    ticker,
    name: `${ticker} Limited`,
    isin: undefined,
    bseCode: undefined,
    tickSize: 0.05,
    decimals: 2,
    currency: 'INR',
    indices: [],
    ...given,
  };
}
