import { NativeBlock } from './native-block.js';
import type { Parcel } from './parcel.js';
import { ROW } from './tick-rows.js';

const HIGH = 2 ** 32;

/** One block of ticks as columns, as the engine takes them. */
export class TickColumns {
  private rows = 0;
  private readonly symbol: Uint32Array;
  /** Milliseconds as 64-bit integers, low half first. */
  private readonly time: Uint32Array;
  private readonly received: Uint32Array;
  private readonly arrival: Uint16Array;
  private readonly vendor: Uint32Array;
  private readonly price: Float64Array;
  private readonly size: Float64Array;
  private readonly volume: Float64Array;
  private readonly bid: Float64Array;
  private readonly ask: Float64Array;
  private readonly bidSize: Float64Array;
  private readonly askSize: Float64Array;
  private readonly openInterest: Float64Array;
  private readonly late: Uint8Array;

  constructor(readonly capacity: number) {
    const numbers = (): Float64Array => new Float64Array(capacity);
    this.symbol = new Uint32Array(capacity);
    this.time = new Uint32Array(capacity * 2);
    this.received = new Uint32Array(capacity * 2);
    this.arrival = new Uint16Array(capacity);
    this.vendor = new Uint32Array(capacity);
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

  /**
   * @param numbers where `TickRows` has it, from `at` on
   * @param size NaN when it tells of no trade
   */
  append(numbers: Float64Array, at: number, vendor: number, late: 0 | 1, arrival: number, size: number): void {
    const row = this.rows++;
    const time = numbers[at + 2] as number;
    const received = numbers[at + 3] as number;
    this.symbol[row] = numbers[at] as number;
    this.time[2 * row] = time % HIGH;
    this.time[2 * row + 1] = time / HIGH;
    this.received[2 * row] = received % HIGH;
    this.received[2 * row + 1] = received / HIGH;
    this.arrival[row] = arrival;
    this.vendor[row] = vendor;
    this.price[row] = said(numbers[at + 4] as number);
    this.size[row] = size;
    this.volume[row] = said(numbers[at + 5] as number);
    this.bid[row] = numbers[at + 7] as number;
    this.ask[row] = numbers[at + 8] as number;
    this.bidSize[row] = numbers[at + 9] as number;
    this.askSize[row] = numbers[at + 10] as number;
    this.openInterest[row] = numbers[at + ROW - 1] as number;
    this.late[row] = late;
  }

  /** Puts the rows so far into a parcel as a block of the `Native` format, and has room again. Texts are by number. */
  pack(parcel: Parcel, symbols: readonly Uint8Array[], vendors: readonly Uint8Array[]): void {
    const { rows } = this;
    const block = new NativeBlock(parcel, 14, rows);
    block.texts('symbol', this.symbol, symbols);
    block.values('time', 'DateTime64(3)', this.time.subarray(0, 2 * rows));
    block.values('received', 'DateTime64(3)', this.received.subarray(0, 2 * rows));
    block.values('arrival', 'UInt16', this.arrival.subarray(0, rows));
    block.texts('vendor', this.vendor, vendors);
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
  }
}

function said(value: number): number {
  return value < 0 ? NaN : value;
}
