import type { EpochMs, Tick } from '#domain';
import { NativeBlock, nativeText } from './native-block.js';

const HIGH = 2 ** 32;
const MOST_VENDORS = 256;

/** Ticks as columns of numbers: to append one is to write 14 numbers. */
export class TickColumns {
  rows = 0;
  private readonly symbol: Uint32Array;
  /** Milliseconds as 64-bit integers, low half first. */
  private readonly time: Uint32Array;
  private readonly received: Uint32Array;
  private readonly arrival: Uint16Array;
  private readonly vendor: Uint8Array;
  private readonly price: Float64Array;
  private readonly size: Float64Array;
  private readonly volume: Float64Array;
  private readonly bid: Float64Array;
  private readonly ask: Float64Array;
  private readonly bidSize: Float64Array;
  private readonly askSize: Float64Array;
  private readonly openInterest: Float64Array;
  private readonly late: Uint8Array;

  /** By wire id. */
  private readonly symbols: Uint8Array[] = [];
  private readonly vendors: Uint8Array[] = [];
  private readonly vendorNumbers = new Map<string, number>();
  private lastVendor = '';
  private lastVendorNumber = 0;

  constructor(readonly capacity: number) {
    const numbers = (): Float64Array => new Float64Array(capacity);
    this.symbol = new Uint32Array(capacity);
    this.time = new Uint32Array(capacity * 2);
    this.received = new Uint32Array(capacity * 2);
    this.arrival = new Uint16Array(capacity);
    this.vendor = new Uint8Array(capacity);
    this.price = numbers();
    this.size = numbers();
    this.volume = numbers();
    this.bid = numbers();
    this.ask = numbers();
    this.bidSize = numbers();
    this.askSize = numbers();
    this.openInterest = numbers();
    this.late = new Uint8Array(capacity);
  }

  learn(wireId: number, symbol: string): void {
    this.symbols[wireId] = nativeText(symbol);
  }

  /** @param size NaN when it tells of no trade. @returns whether there is no room for another */
  append(
    tick: Tick,
    wireId: number,
    time: EpochMs,
    arrival: number,
    size: number,
    volume: number,
    late: 0 | 1,
  ): boolean {
    const row = this.rows++;
    this.symbol[row] = wireId;
    const { receivedAt } = tick;
    this.time[2 * row] = time % HIGH;
    this.time[2 * row + 1] = time / HIGH;
    this.received[2 * row] = receivedAt % HIGH;
    this.received[2 * row + 1] = receivedAt / HIGH;
    this.arrival[row] = arrival;
    this.vendor[row] = tick.vendor === this.lastVendor ? this.lastVendorNumber : this.vendorNumber(tick.vendor);
    this.price[row] = tick.price ?? NaN;
    this.size[row] = size;
    this.volume[row] = volume;
    this.bid[row] = tick.bid ?? NaN;
    this.ask[row] = tick.ask ?? NaN;
    this.bidSize[row] = tick.bidSize ?? NaN;
    this.askSize[row] = tick.askSize ?? NaN;
    this.openInterest[row] = tick.openInterest ?? NaN;
    this.late[row] = late;
    return this.rows === this.capacity;
  }

  /** The rows so far as a block of the `Native` format, and room again. */
  take(): Buffer {
    const { rows } = this;
    const block = new NativeBlock(14, rows);
    block.texts('symbol', this.symbol, this.symbols);
    block.values('time', 'DateTime64(3)', this.time.subarray(0, 2 * rows));
    block.values('received', 'DateTime64(3)', this.received.subarray(0, 2 * rows));
    block.values('arrival', 'UInt16', this.arrival.subarray(0, rows));
    block.texts('vendor', this.vendor, this.vendors);
    block.nullable('price', this.price);
    block.nullable('size', this.size);
    block.nullable('volume', this.volume);
    block.nullable('bid', this.bid);
    block.nullable('ask', this.ask);
    block.nullable('bid_size', this.bidSize);
    block.nullable('ask_size', this.askSize);
    block.nullable('open_interest', this.openInterest);
    block.values('late', 'UInt8', this.late.subarray(0, rows));
    this.rows = 0;
    return block.bytes();
  }

  private vendorNumber(vendor: string): number {
    let number = this.vendorNumbers.get(vendor);
    if (number === undefined) {
      number = this.vendors.length;
      if (number === MOST_VENDORS) throw new RangeError(`more than ${MOST_VENDORS} vendors`);
      this.vendors.push(nativeText(vendor));
      this.vendorNumbers.set(vendor, number);
    }
    this.lastVendor = vendor;
    this.lastVendorNumber = number;
    return number;
  }
}
