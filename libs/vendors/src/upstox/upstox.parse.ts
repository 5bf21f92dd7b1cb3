import { type EpochMs, type Instrument, type Tick, VendorFrameError } from '#domain';
import { FeedRecord } from './upstox.record.js';
import { bytesTag, endOf, expectEnd, int64, type Reader, readerOf, skip, varintTag } from './upstox.wire.js';

const VENDOR = 'upstox';
/** Twice as many characters, which is as long as a sample may be. */
const SAMPLE_BYTES = 100;

const RESPONSE = { feeds: bytesTag(2), marketInfo: bytesTag(4) };
const ENTRY = { key: bytesTag(1), message: bytesTag(2), number: varintTag(2) };
const MARKET_INFO = { segmentStatus: bytesTag(1) };

/** By the number on the wire. */
const STATUSES = [
  'PRE_OPEN_START',
  'PRE_OPEN_END',
  'NORMAL_OPEN',
  'NORMAL_CLOSE',
  'CLOSING_START',
  'CLOSING_END',
] as const;
export type SegmentStatus = (typeof STATUSES)[number] | 'unknown';

/** What a frame is read with. */
export interface FrameReading {
  /** The instrument of an instrument key; undefined for a key nobody asked for. */
  instrumentOf(key: string): Instrument | undefined;
  /** Gets each record that cannot be read; the rest of the frame is. */
  malformed(error: VendorFrameError): void;
  /** Gets the state of each market segment, such as `NSE_EQ`, that the frame names. */
  segment?(name: string, status: SegmentStatus): void;
}

/** Frames are read one after the other, so one record serves all. */
const record = new FeedRecord();

/**
 * Turns one binary frame, a protobuf `FeedResponse` of market data feed V3, into ticks.
 * Shape  `feeds`: instrument key to `Feed`, with one of `ltpc`, `fullFeed` (`marketFF` or `indexFF`) and `firstLevelWithGreeks`
 * Units  rupees, Unix milliseconds, shares; prices to the decimals of the instrument
 * Emits  one tick per record with a value, live record or snapshot alike; none for `market_info`, for unknown keys and for empty records.
 *   Fields are undefined where the record has none or 0, which are the same in proto3; the other side of a best level that has but one
 *   price is NaN. The book is that of the first five levels, without those of size and price 0. Open, high and low are those of the `1d` candle; `eventTime` is the last trade's.
 * @throws VendorFrameError if the frame is no such message
 * @see MarketDataFeedV3.proto of upstox-js-sdk 2.31.0. Unverified: whether live records are whole or partial; both are read.
 */
export function parseFeedFrame(frame: Buffer, receivedAt: EpochMs, reading: FrameReading): Tick[] {
  const ticks: Tick[] = [];
  try {
    const reader = readerOf(frame);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === RESPONSE.feeds) {
        const tick = feedTick(reader, receivedAt, reading);
        if (tick !== undefined) ticks.push(tick);
      } else if (tag === RESPONSE.marketInfo) readMarketInfo(reader, reading);
      else skip(reader, tag, reader.len);
    }
  } catch (error) {
    throw frameError(error, frame);
  }
  return ticks;
}

/** Reads one entry of `feeds`. What is wrong within its record stays there: the entry's length says where the next begins. */
function feedTick(reader: Reader, receivedAt: EpochMs, reading: FrameReading): Tick | undefined {
  const start = reader.pos;
  const end = endOf(reader, reader.len);
  let key = '';
  let from = end;
  let to = end;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY.key) key = readString(reader, end);
    else if (tag === ENTRY.message) {
      to = endOf(reader, end);
      from = reader.pos;
      reader.pos = to;
    } else skip(reader, tag, end);
  }
  expectEnd(reader, end);
  const instrument = reading.instrumentOf(key);
  if (instrument === undefined) return undefined;
  try {
    reader.pos = from;
    record.read(reader, to);
    return record.tick(instrument, receivedAt);
  } catch (error) {
    reading.malformed(frameError(error, (reader.buf as Buffer).subarray(start, end)));
    return undefined;
  } finally {
    reader.pos = end;
  }
}

function readMarketInfo(reader: Reader, reading: FrameReading): void {
  const end = endOf(reader, reader.len);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === MARKET_INFO.segmentStatus) readSegment(reader, end, reading);
    else skip(reader, tag, end);
  }
  expectEnd(reader, end);
}

function readSegment(reader: Reader, limit: number, reading: FrameReading): void {
  const end = endOf(reader, limit);
  let name = '';
  let status = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY.key) name = readString(reader, end);
    else if (tag === ENTRY.number) status = int64(reader);
    else skip(reader, tag, end);
  }
  expectEnd(reader, end);
  reading.segment?.(name, STATUSES[status] ?? 'unknown');
}

/** Keys are ASCII; what is not names no instrument. */
function readString(reader: Reader, limit: number): string {
  const end = endOf(reader, limit);
  const text = (reader.buf as Buffer).toString('latin1', reader.pos, end);
  reader.pos = end;
  return text;
}

function frameError(error: unknown, bytes: Buffer): VendorFrameError {
  return new VendorFrameError(VENDOR, (error as Error).message, bytes.toString('hex', 0, SAMPLE_BYTES));
}
