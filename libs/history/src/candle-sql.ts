/*
 * Candles of any interval are made of the minutes that have been made as ticks were written, and stay when the ticks are no longer kept; those
 * shorter than a minute of the ticks, and of what late ones have moved. The calendar hands its stretches in, whose trades are counted in
 * intervals: a year of minutes is not carried here to become 250 days.
 * Parameters: symbol String; from, to Int64 in Unix ms, of the trades, `to` excluded; startsFrom, startsTo the same of the candles;
 * begins, ends, firsts, origins Array(Int64), a column each of the stretches, not empty; step Int64; limit UInt32.
 * Rows (start, open, high, low, close, volume, corrected), none without a trade.
 */

const START = `
  roundDown(at, {begins:Array(Int64)}) AS stretch,
  transform(stretch, {begins:Array(Int64)}, {firsts:Array(Int64)}, toInt64(0)) AS first_start,
  transform(stretch, {begins:Array(Int64)}, {origins:Array(Int64)}, toInt64(0)) AS origin,
  greatest(origin + intDiv(greatest(at, first_start) - origin, {step:Int64}) * {step:Int64}, first_start) AS start`;

const COUNTED = `at >= arrayElement({begins:Array(Int64)}, 1)
  AND at < transform(stretch, {begins:Array(Int64)}, {ends:Array(Int64)}, toInt64(0))`;

const WANTED = 'start >= {startsFrom:Int64} AND start < {startsTo:Int64}';

const RANGE = `symbol = {symbol:String}
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`;

const OF_TICKS = `
WITH ${START}
SELECT start, assumeNotNull(argMin(price, (at, received, arrival))), assumeNotNull(max(price)), assumeNotNull(min(price)),
  assumeNotNull(argMax(price, (at, received, arrival))), sum(amount), max(told_late)
FROM (
  SELECT toUnixTimestamp64Milli(time) AS at, received, arrival, price, assumeNotNull(size) AS amount, late AS told_late
  FROM tickwire.ticks WHERE ${RANGE} AND price IS NOT NULL AND size IS NOT NULL
  UNION ALL
  SELECT toUnixTimestamp64Milli(time) AS at, time AS received, toUInt16(0) AS arrival, NULL AS price, size AS amount, toUInt8(1) AS told_late
  FROM tickwire.volume_moves WHERE ${RANGE}
)
WHERE ${COUNTED} AND ${WANTED}
GROUP BY start
HAVING count(price) > 0`;

/** Place of a minute's first or last trade among those of all minutes: as one number it is compared twice as fast as in two parts. */
const placeOf = (trade: 'first' | 'last'): string =>
  `bitShiftLeft(toUInt128(toUnixTimestamp(time)), 64) + tupleElement(${trade}, 1)`;

/** A minute may be in several rows still; one that only tells of moved volume has no prices. */
const OF_MINUTES = `
WITH toInt64(toUnixTimestamp(time)) * 1000 AS at, ${START}
SELECT start, argMinIf(tupleElement(first, 2), ${placeOf('first')}, trades > 0), max(high), min(low),
  argMaxIf(tupleElement(last, 2), ${placeOf('last')}, trades > 0), sum(volume), max(corrected)
FROM tickwire.minutes
WHERE symbol = {symbol:String}
  AND time >= toDateTime(intDiv({from:Int64}, 1000), 'UTC') AND time < toDateTime(intDiv({to:Int64} + 999, 1000), 'UTC')
  AND ${COUNTED} AND ${WANTED}
GROUP BY start
HAVING sum(trades) > 0`;

/** The oldest candles, or the newest first. @param isShort shorter than a minute */
export function candleSql(isShort: boolean, newestFirst: boolean): string {
  return `${isShort ? OF_TICKS : OF_MINUTES} ORDER BY start ${newestFirst ? 'DESC' : 'ASC'} LIMIT {limit:UInt32}`;
}

/** Minutes of the first and the last trade, Unix ms; no row when there is none. Parameters: symbol String; from, to Int64 in Unix ms. */
export const TRADED = `
SELECT toInt64(toUnixTimestamp(min(time))) * 1000 AS earliest, toInt64(toUnixTimestamp(max(time))) * 1000 AS latest
FROM tickwire.minutes
WHERE symbol = {symbol:String}
  AND time >= toDateTime(intDiv({from:Int64}, 60000) * 60, 'UTC') AND time < toDateTime(intDiv({to:Int64} + 999, 1000), 'UTC')
HAVING count() > 0`;

/** How long after it happened the newest trade was told, ms; no row when there is none. Parameters: symbol String; from Int64 in Unix ms. */
export const LAG = `
SELECT toUnixTimestamp64Milli(received) - toUnixTimestamp64Milli(time) AS lag FROM tickwire.ticks
WHERE symbol = {symbol:String} AND time >= fromUnixTimestamp64Milli({from:Int64})
  AND price IS NOT NULL AND size IS NOT NULL AND late = 0
ORDER BY time DESC, received, arrival LIMIT 1`;

/** A table of candles that are given as its columns. Parameters: symbol String; time in Unix ms, open, high, low, close, volume. */
export const CANDLE_TABLE = `
SELECT {symbol:String} AS symbol, fromUnixTimestamp64Milli(row.1, 'UTC') AS time, row.2 AS open, row.3 AS high, row.4 AS low,
  row.5 AS close, row.6 AS volume
FROM (
  SELECT arrayJoin(arrayZip({time:Array(Int64)}, {open:Array(Float64)}, {high:Array(Float64)}, {low:Array(Float64)},
    {close:Array(Float64)}, {volume:Array(Float64)})) AS row
)`;
