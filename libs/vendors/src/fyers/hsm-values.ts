import { type InstrumentId, type Tick, tick } from '#domain';
import { NO_VALUE } from './hsm-protocol.js';

const VENDOR = 'fyers';
const SECOND_MS = 1000;
/** The exchange's feed time comes in whole seconds. */
const TIME_STEP_MS = 1000;

/** What a snapshot says about a topic, and its updates need. */
export interface Topic {
  readonly instrument: InstrumentId;
  readonly kind: 'scrip' | 'index';
  /** Prices are sent as integers, this many times what they are. */
  readonly divisor: number;
}

/** Places of a share's, future's or option's values. Not used: 2 last trade's time, 9 and 10 sum of all orders, 15 and 16 the year's range. */
const SCRIP = {
  price: 0,
  volume: 1,
  feedTime: 3,
  bidSize: 4,
  askSize: 5,
  bid: 6,
  ask: 7,
  lastSize: 8,
  averagePrice: 11,
  openInterest: 12,
  low: 13,
  high: 14,
  lowerCircuit: 17,
  upperCircuit: 18,
  open: 19,
  previousClose: 20,
} as const;

const INDEX = { price: 0, previousClose: 1, feedTime: 2, high: 3, low: 4, open: 5 } as const;

/** No i32: what a short list leaves out is not what a list says to be none. */
const NOT_SENT = NaN;

/**
 * Reads the values of one entry where they lie in the frame.
 * Shape  i32 after i32 in the order of the topic's kind; an update may send only the first few
 * Units  prices times `divisor`, sizes as they are, times in Unix seconds
 * Emits  a tick, or undefined when nothing in it is of use to a quote. A price, limit or open interest of 0 is unknown; a bid or ask
 *        of 0, or without a value in a snapshot, means that nobody bids or asks; a negative size is a count that did not fit.
 * @param at offset of the first value, `count` of which are in the frame
 */
export function readValues(
  frame: Buffer,
  at: number,
  count: number,
  isSnapshot: boolean,
  topic: Topic,
  receivedAt: number,
): Tick | undefined {
  const made =
    topic.kind === 'scrip'
      ? readScrip(frame, at, count, isSnapshot, topic, receivedAt)
      : readIndex(frame, at, count, topic, receivedAt);
  return isOfUse(made) ? made : undefined;
}

function readScrip(
  frame: Buffer,
  at: number,
  count: number,
  isSnapshot: boolean,
  { instrument, divisor }: Topic,
  receivedAt: number,
): Tick {
  const eventTime = timeOf(valueOf(frame, at, count, SCRIP.feedTime));
  return tick({
    instrument,
    vendor: VENDOR,
    receivedAt,
    eventTime,
    eventTimeStep: eventTime === undefined ? undefined : TIME_STEP_MS,
    price: priceOf(valueOf(frame, at, count, SCRIP.price), divisor),
    volume: sizeOf(valueOf(frame, at, count, SCRIP.volume)),
    bid: offerOf(valueOf(frame, at, count, SCRIP.bid), divisor, isSnapshot),
    ask: offerOf(valueOf(frame, at, count, SCRIP.ask), divisor, isSnapshot),
    bidSize: sizeOf(valueOf(frame, at, count, SCRIP.bidSize)),
    askSize: sizeOf(valueOf(frame, at, count, SCRIP.askSize)),
    lastSize: sizeOf(valueOf(frame, at, count, SCRIP.lastSize)),
    averagePrice: priceOf(valueOf(frame, at, count, SCRIP.averagePrice), divisor),
    open: priceOf(valueOf(frame, at, count, SCRIP.open), divisor),
    high: priceOf(valueOf(frame, at, count, SCRIP.high), divisor),
    low: priceOf(valueOf(frame, at, count, SCRIP.low), divisor),
    previousClose: priceOf(valueOf(frame, at, count, SCRIP.previousClose), divisor),
    openInterest: sizeOf(valueOf(frame, at, count, SCRIP.openInterest)) || undefined,
    lowerCircuit: priceOf(valueOf(frame, at, count, SCRIP.lowerCircuit), divisor),
    upperCircuit: priceOf(valueOf(frame, at, count, SCRIP.upperCircuit), divisor),
  });
}

function readIndex(frame: Buffer, at: number, count: number, { instrument, divisor }: Topic, receivedAt: number): Tick {
  const eventTime = timeOf(valueOf(frame, at, count, INDEX.feedTime));
  return tick({
    instrument,
    vendor: VENDOR,
    receivedAt,
    eventTime,
    eventTimeStep: eventTime === undefined ? undefined : TIME_STEP_MS,
    price: priceOf(valueOf(frame, at, count, INDEX.price), divisor),
    open: priceOf(valueOf(frame, at, count, INDEX.open), divisor),
    high: priceOf(valueOf(frame, at, count, INDEX.high), divisor),
    low: priceOf(valueOf(frame, at, count, INDEX.low), divisor),
    previousClose: priceOf(valueOf(frame, at, count, INDEX.previousClose), divisor),
  });
}

function valueOf(frame: Buffer, at: number, count: number, place: number): number {
  return place < count ? frame.readInt32BE(at + 4 * place) : NOT_SENT;
}

function priceOf(value: number, divisor: number): number | undefined {
  return isTold(value) && value !== 0 ? value / divisor : undefined;
}

function offerOf(value: number, divisor: number, isSnapshot: boolean): number | undefined {
  if (value === 0 || (value === NO_VALUE && isSnapshot)) return NaN;
  return isTold(value) ? value / divisor : undefined;
}

function sizeOf(value: number): number | undefined {
  return value >= 0 ? value : undefined;
}

function timeOf(value: number): number | undefined {
  return value > 0 ? value * SECOND_MS : undefined;
}

function isTold(value: number): boolean {
  return value !== NO_VALUE && !Number.isNaN(value);
}

/** Whether there is more in it than a time. */
function isOfUse(made: Tick): boolean {
  return (
    made.price !== undefined ||
    made.volume !== undefined ||
    made.bid !== undefined ||
    made.ask !== undefined ||
    made.bidSize !== undefined ||
    made.askSize !== undefined ||
    made.averagePrice !== undefined ||
    made.open !== undefined ||
    made.high !== undefined ||
    made.low !== undefined ||
    made.previousClose !== undefined ||
    made.openInterest !== undefined
  );
}
