import { timeOf } from '#candles';
import type { Tick } from '#domain';

/** Numbers of one row: symbol, kind, time, received, price, volume, last size, bid, ask, their sizes, open interest. */
export const ROW = 12;
/** Stands for what was not said where NaN says that there is none; prices of trades, volumes and sizes are never negative. */
export const UNSAID = -1;
/** Parts of the second number, below the number of the vendor. */
export const LATE = 1;
export const COUNTED = 2;
export const VENDOR = 4;

/** Ticks as they come, row by row: to write one down is to set twelve numbers side by side. */
export class TickRows {
  rows = 0;
  readonly numbers: Float64Array;

  constructor(readonly capacity: number) {
    this.numbers = new Float64Array(capacity * ROW);
  }

  /**
   * @param kind VENDOR times the number of the vendor, with LATE and COUNTED where they are true: COUNTED where the volume is believed
   * @returns whether there is no room for another
   */
  append(tick: Tick, wireId: number, kind: number): boolean {
    const { numbers } = this;
    const at = ROW * this.rows++;
    numbers[at] = wireId;
    numbers[at + 1] = kind;
    numbers[at + 2] = timeOf(tick);
    numbers[at + 3] = tick.receivedAt;
    numbers[at + 4] = tick.price ?? UNSAID;
    numbers[at + 5] = tick.volume ?? UNSAID;
    numbers[at + 6] = tick.lastSize ?? UNSAID;
    numbers[at + 7] = tick.bid ?? NaN;
    numbers[at + 8] = tick.ask ?? NaN;
    numbers[at + 9] = tick.bidSize ?? NaN;
    numbers[at + 10] = tick.askSize ?? NaN;
    numbers[at + 11] = tick.openInterest ?? NaN;
    return this.rows === this.capacity;
  }
}
