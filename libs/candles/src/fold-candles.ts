import type { EpochMs } from '#domain';
import type { Interval, IntervalClock } from './interval-clock.js';

/** Trading of a short stretch of time, from which longer candles are made. */
export interface BaseCandle {
  readonly start: EpochMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Whether a trade that came late is in it. */
  readonly corrected: boolean;
}

/** Trading within one interval of an exchange's day. */
export interface FoldedCandle extends BaseCandle {
  readonly end: EpochMs;
  /** Present, and true, when the exchange does not trade continuously then. */
  readonly outside?: true;
  /** Present, and true, when nothing was traded and the prices are the close of the candle before. */
  readonly filled?: true;
}

type Open = { -readonly [K in keyof FoldedCandle]: FoldedCandle[K] };

/**
 * Makes candles of intervals from those of shorter ones.
 * @param base oldest first, none longer than a minute
 */
export function foldCandles(base: Iterable<BaseCandle>, clock: IntervalClock): FoldedCandle[] {
  const candles: FoldedCandle[] = [];
  let last: Open | undefined;
  for (const part of base) {
    const interval = clock.intervalOf(part.start);
    if (interval === undefined) continue;
    if (last === undefined || last.start !== interval.start) candles.push((last = begin(part, interval)));
    else join(last, part);
  }
  return candles;
}

/**
 * Puts flat candles where a session has none.
 * @param close of the last trade before; without one nothing is put before the first candle
 */
export function fillCandles(
  candles: readonly FoldedCandle[],
  intervals: Iterable<Interval>,
  close: number | undefined,
): FoldedCandle[] {
  const filled: FoldedCandle[] = [];
  let price = close;
  let next = 0;
  const take = (before: EpochMs): void => {
    for (; next < candles.length && (candles[next] as FoldedCandle).start < before; next++) {
      const candle = candles[next] as FoldedCandle;
      filled.push(candle);
      price = candle.close;
    }
  };
  for (const { start, end } of intervals) {
    take(start);
    if (candles[next]?.start === start || price === undefined) continue;
    filled.push({ start, end, ...flat(price), volume: 0, corrected: false, filled: true });
  }
  take(Infinity);
  return filled;
}

function begin(part: BaseCandle, { start, end, outside }: Interval): Open {
  const { open, high, low, close, volume, corrected } = part;
  const candle: Open = { start, end, open, high, low, close, volume, corrected };
  if (outside) candle.outside = true;
  return candle;
}

function join(candle: Open, { high, low, close, volume, corrected }: BaseCandle): void {
  if (high > candle.high) candle.high = high;
  if (low < candle.low) candle.low = low;
  candle.close = close;
  candle.volume += volume;
  if (corrected) candle.corrected = true;
}

function flat(price: number): Pick<BaseCandle, 'open' | 'high' | 'low' | 'close'> {
  return { open: price, high: price, low: price, close: price };
}
