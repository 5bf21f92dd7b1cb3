/** `EXCHANGE:CODE`, upper case: `NSE:RELIANCE`, `BSE:500325`. The same string travels to clients as `symbol`. */
export type InstrumentId = string;

/** A tradable thing, from the instrument master. */
export interface Instrument {
  readonly id: InstrumentId;
  readonly exchange: string;
  /** The exchange's ticker, also where the id carries a number: `RELIANCE` for `BSE:500325`. */
  readonly ticker: string;
  readonly name: string;
  readonly isin: string | undefined;
  /** BSE scrip code, digits; undefined when the company is not listed there. */
  readonly bseCode: string | undefined;
  /** Smallest price step, in the instrument's currency. */
  readonly tickSize: number;
  /** Decimals a price is exact to: 2 for rupees. */
  readonly decimals: number;
  /** ISO 4217. */
  readonly currency: string;
  /** Names of the indices it belongs to: `NIFTY50`, `SENSEX`. */
  readonly indices: readonly string[];
}

const INSTRUMENT_ID = /^[A-Z][A-Z0-9]{1,9}:[A-Z0-9][A-Z0-9&._-]{0,31}$/;

/** Whether a string has the form of an instrument id; says nothing about whether the instrument exists. */
export function isInstrumentId(text: string): text is InstrumentId {
  return INSTRUMENT_ID.test(text);
}
