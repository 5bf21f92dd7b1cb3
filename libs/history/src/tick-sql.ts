/** Columns besides the times, as they are called in answers. */
const NUMBERS = `price, size, volume, bid, ask, bid_size AS bidSize, ask_size AS askSize, open_interest AS openInterest`;

/**
 * One page of a symbol's ticks in the order they happened. Parameters: symbol String; at, received Int64, skip UInt64 (where to begin: behind so
 * many ticks of this time and arrival), to Int64, limit UInt64; times in Unix ms.
 */
const PAGE = `
  FROM tickwire.ticks
  WHERE symbol = {symbol:String}
    AND time >= fromUnixTimestamp64Milli({at:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND (time > fromUnixTimestamp64Milli({at:Int64}) OR received >= fromUnixTimestamp64Milli({received:Int64}))
  ORDER BY time, received, arrival
  LIMIT {limit:UInt64} OFFSET {skip:UInt64}`;

/** Rows with `at` and `came` in Unix ms. */
export const TICK_ROWS = `
SELECT toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(received) AS came, toString(vendor) AS source, ${NUMBERS}, late
${PAGE}`;

/** The same rows with their times only. */
export const TICK_KEYS = `
SELECT toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(received) AS came
${PAGE}`;

/** A table for a format of the engine: times are ISO 8601 in text, and times in Arrow. */
export function tickTable(format: 'CSVWithNames' | 'ArrowStream'): string {
  const [time, received] = format === 'ArrowStream' ? ['time', 'received'] : [isoText('time'), isoText('received')];
  return `
SELECT {symbol:String} AS symbol, t AS time, r AS received, source, price, size, volume, bid, ask, bidSize, askSize, openInterest, late
FROM (SELECT ${time} AS t, ${received} AS r, toString(vendor) AS source, ${NUMBERS}, late
${PAGE})`;
}

function isoText(column: string): string {
  return `concat(replaceOne(toString(toTimeZone(${column}, 'UTC')), ' ', 'T'), 'Z')`;
}
