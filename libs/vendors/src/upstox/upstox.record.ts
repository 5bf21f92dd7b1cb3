import { type Book, BOOK_LEVELS, emptyBook, type Instrument, setLevel, type Tick, tick } from '#domain';
import { bytesTag, doubleTag, endOf, expectEnd, int64, type Reader, skip, varintTag } from './upstox.wire.js';

/** No price, nor any sum of quantities, comes near this; a number beyond it, or none at all, is rubbish. */
const MOST = 1e15;

const FEED = { ltpc: bytesTag(1), fullFeed: bytesTag(2), firstLevel: bytesTag(3) };
const FULL = { market: bytesTag(1), index: bytesTag(2) };
const LTPC = { ltp: doubleTag(1), ltt: varintTag(2), ltq: varintTag(3), cp: doubleTag(4) };
const MARKET = {
  ltpc: bytesTag(1),
  levels: bytesTag(2),
  candles: bytesTag(4),
  averagePrice: doubleTag(5),
  volume: varintTag(6),
  openInterest: doubleTag(7),
};
const INDEX = { ltpc: bytesTag(1), candles: bytesTag(2) };
const FIRST_LEVEL = { ltpc: bytesTag(1), level: bytesTag(2), volume: varintTag(4), openInterest: doubleTag(5) };
const LEVELS = { level: bytesTag(1) };
const LEVEL = { bidSize: varintTag(1), bid: doubleTag(2), askSize: varintTag(3), ask: doubleTag(4) };
const CANDLES = { candle: bytesTag(1) };
const CANDLE = { interval: bytesTag(1), open: doubleTag(2), high: doubleTag(3), low: doubleTag(4) };

interface Level {
  bid: number;
  bidSize: number;
  ask: number;
  askSize: number;
}

const NO_LEVEL: Readonly<Level> = { bid: 0, bidSize: 0, ask: 0, askSize: 0 };

/**
 * What one `Feed` message says of one instrument. Made once and read into again and again: a frame brings hundreds, and only their ticks
 * are kept. 0 is what the message did not say, because proto3 does not send it.
 */
export class FeedRecord {
  private ltp = 0;
  private ltt = 0;
  private ltq = 0;
  private cp = 0;
  private readonly levels = Array.from({ length: BOOK_LEVELS }, (): Level => ({ ...NO_LEVEL }));
  private levelCount = 0;
  /** Whether the levels are those of a book, not the best alone. */
  private hasDepth = false;
  private open = 0;
  private high = 0;
  private low = 0;
  private averagePrice = 0;
  private volume = 0;
  private openInterest = 0;

  /** Reads the message that ends at `end`. @throws Error if it is none, or has a number that is none */
  read(reader: Reader, end: number): void {
    this.clear();
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === FEED.ltpc) this.readLtpc(reader, end);
      else if (tag === FEED.fullFeed) this.readFull(reader, end);
      else if (tag === FEED.firstLevel) this.readFirstLevel(reader, end);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  /** Undefined when the record says nothing a tick has a field for. */
  tick({ id, decimals }: Instrument, receivedAt: number): Tick | undefined {
    const { bid, bidSize, ask, askSize } = this.levelCount > 0 ? (this.levels[0] as Level) : NO_LEVEL;
    const hasBook = bid !== 0 || ask !== 0;
    if (!hasBook && !this.hasOtherValues()) return undefined;
    const scale = 10 ** decimals;
    return tick({
      instrument: id,
      vendor: 'upstox',
      receivedAt,
      // of the last trade; the server's send time would make a trade that is told a moment later look late
      eventTime: this.ltp === 0 || this.ltt <= 0 ? undefined : this.ltt,
      price: rounded(this.ltp, scale),
      volume: known(this.volume),
      // a level comes whole: where only one side has a price, nobody is on the other
      bid: hasBook ? sideOf(bid, rounded(bid, scale)) : undefined,
      ask: hasBook ? sideOf(ask, rounded(ask, scale)) : undefined,
      bidSize: hasBook ? sideOf(bid, known(bidSize)) : undefined,
      askSize: hasBook ? sideOf(ask, known(askSize)) : undefined,
      lastSize: known(this.ltq),
      averagePrice: rounded(this.averagePrice, scale),
      open: rounded(this.open, scale),
      high: rounded(this.high, scale),
      low: rounded(this.low, scale),
      previousClose: rounded(this.cp, scale),
      openInterest: known(this.openInterest),
      book: hasBook && this.hasDepth ? this.book(scale) : undefined,
    });
  }

  private book(scale: number): Book {
    const book = emptyBook();
    let [bids, asks] = [0, 0];
    for (let i = 0; i < this.levelCount; i++) {
      const { bid, bidSize, ask, askSize } = this.levels[i] as Level;
      if (bid !== 0) setLevel(book, 'bids', bids++, Math.round(bid * scale) / scale, bidSize || NaN);
      if (ask !== 0) setLevel(book, 'asks', asks++, Math.round(ask * scale) / scale, askSize || NaN);
    }
    return book;
  }

  private clear(): void {
    this.ltp = 0;
    this.ltt = 0;
    this.ltq = 0;
    this.cp = 0;
    this.levelCount = 0;
    this.hasDepth = false;
    this.open = 0;
    this.high = 0;
    this.low = 0;
    this.averagePrice = 0;
    this.volume = 0;
    this.openInterest = 0;
  }

  private hasOtherValues(): boolean {
    return (
      this.ltp !== 0 ||
      this.cp !== 0 ||
      this.volume !== 0 ||
      this.averagePrice !== 0 ||
      this.openInterest !== 0 ||
      this.open !== 0 ||
      this.high !== 0 ||
      this.low !== 0
    );
  }

  private readFull(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === FULL.market) this.readMarket(reader, end);
      else if (tag === FULL.index) this.readIndex(reader, end);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readMarket(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === MARKET.ltpc) this.readLtpc(reader, end);
      else if (tag === MARKET.levels) this.readLevels(reader, end);
      else if (tag === MARKET.candles) this.readCandles(reader, end);
      else if (tag === MARKET.averagePrice) this.averagePrice = double(reader);
      else if (tag === MARKET.volume) this.volume = int64(reader);
      else if (tag === MARKET.openInterest) this.openInterest = double(reader);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readIndex(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === INDEX.ltpc) this.readLtpc(reader, end);
      else if (tag === INDEX.candles) this.readCandles(reader, end);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readFirstLevel(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === FIRST_LEVEL.ltpc) this.readLtpc(reader, end);
      else if (tag === FIRST_LEVEL.level) this.readLevel(reader, end);
      else if (tag === FIRST_LEVEL.volume) this.volume = int64(reader);
      else if (tag === FIRST_LEVEL.openInterest) this.openInterest = double(reader);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readLtpc(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === LTPC.ltp) this.ltp = double(reader);
      else if (tag === LTPC.ltt) this.ltt = int64(reader);
      else if (tag === LTPC.ltq) this.ltq = int64(reader);
      else if (tag === LTPC.cp) this.cp = double(reader);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readLevels(reader: Reader, limit: number): void {
    this.hasDepth = true;
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === LEVELS.level && this.levelCount < BOOK_LEVELS) this.readLevel(reader, end);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readLevel(reader: Reader, limit: number): void {
    const level = this.levels[this.levelCount++] as Level;
    level.bid = level.bidSize = level.ask = level.askSize = 0;
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === LEVEL.bidSize) level.bidSize = int64(reader);
      else if (tag === LEVEL.bid) level.bid = double(reader);
      else if (tag === LEVEL.askSize) level.askSize = int64(reader);
      else if (tag === LEVEL.ask) level.ask = double(reader);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  private readCandles(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === CANDLES.candle) this.readCandle(reader, end);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
  }

  /** Only the candle of the day is ours, and it says so in a field that may stand anywhere in it. */
  private readCandle(reader: Reader, limit: number): void {
    const end = endOf(reader, limit);
    let isDay = false;
    let open = 0;
    let high = 0;
    let low = 0;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === CANDLE.interval) isDay = isDayInterval(reader, end);
      else if (tag === CANDLE.open) open = double(reader);
      else if (tag === CANDLE.high) high = double(reader);
      else if (tag === CANDLE.low) low = double(reader);
      else skip(reader, tag, end);
    }
    expectEnd(reader, end);
    if (!isDay) return;
    this.open = open;
    this.high = high;
    this.low = low;
  }
}

/** Whether the string that follows is `1d`, without making a string of it. */
function isDayInterval(reader: Reader, limit: number): boolean {
  const end = endOf(reader, limit);
  const { buf, pos } = reader;
  reader.pos = end;
  return end - pos === 2 && buf[pos] === 0x31 && buf[pos + 1] === 0x64;
}

function double(reader: Reader): number {
  const value = reader.double();
  // false for NaN as well
  if (value < MOST && value > -MOST) return value;
  throw new Error(`${value} is no number of a market`);
}

function known(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

/** A price to the decimals its instrument has: a double that was once a float carries noise behind them. */
function rounded(value: number, scale: number): number | undefined {
  return known(Math.round(value * scale) / scale);
}

/** A value of one side of the book; there is none where nobody bids a price. */
function sideOf(price: number, value: number | undefined): number | undefined {
  return price === 0 ? NaN : value;
}
