import {
  type EpochMs,
  type Instrument,
  MarketDataError,
  SourceFailedError,
  type Tick,
  tick,
  VendorFrameError,
  VendorRateLimitError,
} from '#domain';
import { countOf, decimalOf, objectOf, priceOf } from '../decimals.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';
import { failureOf } from './twelvedata.failures.js';

const VENDOR = 'twelvedata';
const MINUTE_MS = 60_000;

/**
 * Turns the answer to `/quote` into an outcome for each instrument asked for by its symbol, in their order.
 * Shape  of one symbol `{"symbol":"AAPL","close":"247.77000","open":...,"high":...,"low":...,"previous_close":...,"volume":"35478100","last_quote_at":1760471940}`;
 *   of several, an object of those by symbol as asked, in which a part may be an error body
 * Units  the instrument's currency; `last_quote_at` is the Unix second of the last minute bar, so `eventTimeStep` is a minute.
 *   `timestamp` is when the day's bar opened, which is no time of a price
 * @throws VendorFrameError if the text is no JSON object, or no part of it can be read
 * @throws SourceFailedError if the call failed as a whole: `VendorRateLimitError` without credits, `VendorRefusedError` for a wrong key
 * @see https://twelvedata.com/docs (read 2026-11). Unverified: whether a list with one symbol is ever keyed; both are read
 */
export function parseQuotes(
  body: string,
  instruments: readonly Instrument[],
  symbols: readonly string[],
  receivedAt: EpochMs,
): (Tick | MarketDataError)[] {
  const answer = objectOf(parseJson(body));
  if (answer === undefined) throw new VendorFrameError(VENDOR, 'no JSON object', body);
  const failure = failureOf(answer, receivedAt);
  if (failure !== undefined) throw wholeFailure(failure, answer['code'], symbols.length);
  const outcomes = instruments.map((instrument, i) => {
    const part = objectOf(answer[symbols[i] ?? '']) ?? (symbols.length === 1 ? answer : undefined);
    return part === undefined ? missing(instrument) : quoteOf(part, instrument, receivedAt);
  });
  // what befell every part befell the call
  const errors = outcomes.filter((outcome) => outcome instanceof MarketDataError);
  const [first] = errors;
  if (errors.length === outcomes.length && first !== undefined && errors.every(isOfTheCall)) throw first;
  return outcomes;
}

function quoteOf(
  part: Readonly<Record<string, unknown>>,
  instrument: Instrument,
  receivedAt: EpochMs,
): Tick | MarketDataError {
  const failure = failureOf(part, receivedAt);
  if (failure !== undefined) return failure;
  const { close, last_quote_at: lastQuoteAt } = part;
  if (decimalOf(close) === undefined) return new VendorFrameError(VENDOR, 'close is no number', part);
  const { decimals, id } = instrument;
  const price = priceOf(close, decimals);
  if (price === undefined) return missing(instrument);
  const seconds = countOf(lastQuoteAt) || undefined;
  return tick({
    instrument: id,
    vendor: VENDOR,
    receivedAt,
    eventTime: seconds === undefined ? undefined : seconds * 1000,
    eventTimeStep: seconds === undefined ? undefined : MINUTE_MS,
    price,
    volume: countOf(part['volume']),
    open: priceOf(part['open'], decimals),
    high: priceOf(part['high'], decimals),
    low: priceOf(part['low'], decimals),
    previousClose: priceOf(part['previous_close'], decimals),
  });
}

/** A plan without the route refuses all symbols alike. */
function wholeFailure(failure: SourceFailedError, code: unknown, symbols: number): SourceFailedError {
  return code === 403 && symbols > 1 ? new VendorRefusedError(VENDOR, 'the plan does not include quotes') : failure;
}

function isOfTheCall(error: MarketDataError): boolean {
  return (
    error instanceof VendorFrameError || error instanceof VendorRateLimitError || error instanceof VendorRefusedError
  );
}

function missing({ id }: Instrument): SourceFailedError {
  return new SourceFailedError(VENDOR, `no quote of ${id}`, { retryable: false });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}
