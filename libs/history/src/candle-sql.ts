/*
 * Candles of whole seconds are made of the ticks, and of what late ones have moved; those of whole minutes have been made as ticks were
 * written, and stay when the ticks are no longer kept. Parameters: symbol String; from, to Int64 in Unix ms, `to` excluded.
 * Rows [start, open, high, low, close, volume, corrected], oldest first, none without a trade.
 */

const RANGE = `symbol = {symbol:String}
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`;

export const SECONDS = `
SELECT intDiv(toUnixTimestamp64Milli(time), 1000) * 1000 AS start,
  argMin(price, (time, received, arrival)), max(price), min(price), argMax(price, (time, received, arrival)), sum(amount), max(told_late)
FROM (
  SELECT time, received, arrival, price, assumeNotNull(size) AS amount, late AS told_late
  FROM tickwire.ticks WHERE ${RANGE} AND price IS NOT NULL AND size IS NOT NULL
  UNION ALL
  SELECT time, time AS received, toUInt16(0) AS arrival, NULL AS price, size AS amount, toUInt8(1) AS told_late
  FROM tickwire.volume_moves WHERE ${RANGE}
)
GROUP BY start
HAVING count(price) > 0
ORDER BY start`;

export const MINUTES = `
SELECT toInt64(toUnixTimestamp(time)) * 1000 AS start, open, high, low, close, volume, corrected
FROM tickwire.candles_1m
WHERE symbol = {symbol:String} AND trades > 0
  AND time >= toDateTime(intDiv({from:Int64}, 1000), 'UTC') AND time < toDateTime(intDiv({to:Int64} + 999, 1000), 'UTC')
ORDER BY start`;

/** When the symbol's first trade was, Unix ms; a row of null when there is none. Parameter: symbol String. */
export const EARLIEST_TRADE = `
SELECT if(count() = 0, NULL, toInt64(toUnixTimestamp(min(time))) * 1000) AS at FROM tickwire.minutes WHERE symbol = {symbol:String}`;

/** Price of the last trade before a time; no row when there is none. Parameters: symbol String, before Int64 in Unix ms. */
export const LAST_PRICE = `
SELECT price FROM (
  SELECT time, assumeNotNull(price) AS price FROM tickwire.ticks
  WHERE symbol = {symbol:String} AND time < fromUnixTimestamp64Milli({before:Int64}) AND price IS NOT NULL AND size IS NOT NULL
  ORDER BY time DESC, received DESC, arrival DESC LIMIT 1
  UNION ALL
  SELECT toDateTime64(time, 3, 'UTC') AS time, close AS price FROM tickwire.candles_1m
  WHERE symbol = {symbol:String} AND trades > 0 AND time <= toDateTime(intDiv({before:Int64}, 1000) - 60, 'UTC')
  ORDER BY time DESC LIMIT 1
)
ORDER BY time DESC LIMIT 1`;

/** A table of candles that are given as its columns. Parameters: symbol String; time in Unix ms, open, high, low, close, volume. */
export const CANDLE_TABLE = `
SELECT {symbol:String} AS symbol, fromUnixTimestamp64Milli(row.1, 'UTC') AS time, row.2 AS open, row.3 AS high, row.4 AS low,
  row.5 AS close, row.6 AS volume
FROM (
  SELECT arrayJoin(arrayZip({time:Array(Int64)}, {open:Array(Float64)}, {high:Array(Float64)}, {low:Array(Float64)},
    {close:Array(Float64)}, {volume:Array(Float64)})) AS row
)`;
