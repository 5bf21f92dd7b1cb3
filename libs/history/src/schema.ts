/** Version of the tables that this program makes and reads. */
export const SCHEMA_VERSION = 1;

/**
 * Batches that a table remembers: one that is sent again is stored no second time. Two a second, those of HISTORY_FLUSH_MS, make more than an
 * hour; twenty, when somebody asks for the newest ticks all the time, eight minutes.
 */
const REMEMBERED = 'non_replicated_deduplication_window = 10000';

/*
 * Measured on 2 million ticks of 1,000 symbols (bytes a tick): ZSTD after Delta for what counts up, and ZSTD alone for prices and sizes, come to
 * 12.5; Gorilla and FPC in front of ZSTD to 14.5 and 15.2, scaled integers to 13.1. Higher levels of ZSTD win 3 % and cost half of the writing speed.
 */
const COUNTING = 'CODEC(Delta, ZSTD(1))';
const PLAIN = 'CODEC(ZSTD(1))';

/** Every tick that was merged, and every one that came too late to be. NULL where the vendor did not say. */
const TICKS = `
CREATE TABLE IF NOT EXISTS tickwire.ticks (
  symbol LowCardinality(String),
  time DateTime64(3, 'UTC') COMMENT 'When it happened, or was received where the vendor does not say' ${COUNTING},
  received DateTime64(3, 'UTC') ${COUNTING},
  arrival UInt16 COMMENT 'Place among the ticks of the symbol that were received in one millisecond' ${PLAIN},
  vendor LowCardinality(String),
  price Nullable(Float64) ${PLAIN},
  size Nullable(Float64) COMMENT 'Traded by this tick, 0 where it is not known how much; NULL when it tells of no trade' ${PLAIN},
  volume Nullable(Float64) COMMENT 'Count of the day, as the vendor told it' ${COUNTING},
  bid Nullable(Float64) ${PLAIN},
  ask Nullable(Float64) ${PLAIN},
  bid_size Nullable(Float64) ${PLAIN},
  ask_size Nullable(Float64) ${PLAIN},
  open_interest Nullable(Float64) ${PLAIN},
  late UInt8 COMMENT 'Whether newer ticks had come before' ${PLAIN}
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (symbol, time, received, arrival)
SETTINGS ${REMEMBERED}, ttl_only_drop_parts = 1`;

/** Volume that was counted with a later trade before the trade it belongs to was told: plus at the one, minus at the other. */
const VOLUME_MOVES = `
CREATE TABLE IF NOT EXISTS tickwire.volume_moves (
  symbol LowCardinality(String),
  time DateTime64(3, 'UTC') ${COUNTING},
  size Float64 ${PLAIN}
) ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (symbol, time)
SETTINGS ${REMEMBERED}`;

/**
 * Minutes under construction. `first` and `last` are a trade's place in its minute and its price; the place is made of when it happened,
 * when it was received and its arrival, so that a late trade comes to stand where it belongs.
 */
const MINUTES = `
CREATE TABLE IF NOT EXISTS tickwire.minutes (
  symbol LowCardinality(String),
  time DateTime('UTC') ${COUNTING},
  first SimpleAggregateFunction(min, Tuple(UInt64, Float64)) ${PLAIN},
  high SimpleAggregateFunction(max, Float64) ${PLAIN},
  low SimpleAggregateFunction(min, Float64) ${PLAIN},
  last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) ${PLAIN},
  volume SimpleAggregateFunction(sum, Float64) ${PLAIN},
  trades SimpleAggregateFunction(sum, UInt64) ${PLAIN},
  corrected SimpleAggregateFunction(max, UInt8) ${PLAIN}
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (symbol, time)
SETTINGS ${REMEMBERED}`;

const MINUTE = "toDateTime(toStartOfMinute(t.time), 'UTC')";
const IN_MINUTE = `toUInt64(toUnixTimestamp64Milli(t.time) - toUnixTimestamp(${MINUTE}) * 1000)`;
const SINCE_MINUTE = `toUInt64(least(greatest(toUnixTimestamp64Milli(t.received) - toUnixTimestamp(${MINUTE}) * 1000, 0), 4294967295))`;
const PLACE = `bitOr(bitOr(bitShiftLeft(${IN_MINUTE}, 48), bitShiftLeft(${SINCE_MINUTE}, 16)), toUInt64(t.arrival))`;

const MINUTES_OF_TICKS = `
CREATE MATERIALIZED VIEW IF NOT EXISTS tickwire.minutes_of_ticks TO tickwire.minutes AS
SELECT t.symbol AS symbol, ${MINUTE} AS time,
  min((${PLACE}, assumeNotNull(t.price))) AS first, max(assumeNotNull(t.price)) AS high, min(assumeNotNull(t.price)) AS low,
  max((${PLACE}, assumeNotNull(t.price))) AS last, sum(assumeNotNull(t.size)) AS volume, count() AS trades, max(t.late) AS corrected
FROM tickwire.ticks AS t
WHERE t.price IS NOT NULL AND t.size IS NOT NULL
GROUP BY t.symbol, ${MINUTE}`;

/** Nothing but the volume changes: the other values are those that lose every comparison. */
const MINUTES_OF_MOVES = `
CREATE MATERIALIZED VIEW IF NOT EXISTS tickwire.minutes_of_moves TO tickwire.minutes AS
SELECT t.symbol AS symbol, ${MINUTE} AS time, (18446744073709551615, toFloat64(0)) AS first, -inf AS high, inf AS low,
  (toUInt64(0), toFloat64(0)) AS last, sum(t.size) AS volume, toUInt64(0) AS trades, toUInt8(1) AS corrected
FROM tickwire.volume_moves AS t
GROUP BY t.symbol, ${MINUTE}`;

/** Finished minutes, kept up to date as ticks are written. None without a trade. */
const CANDLES_1M = `
CREATE OR REPLACE VIEW tickwire.candles_1m AS
SELECT symbol, time, tupleElement(first, 2) AS open, high, low, tupleElement(last, 2) AS close, volume, trades, corrected
FROM tickwire.minutes FINAL`;

/** Seconds, made of the ticks when they are asked for. */
const CANDLES_1S = `
CREATE OR REPLACE VIEW tickwire.candles_1s AS
SELECT symbol, toDateTime(toStartOfSecond(at), 'UTC') AS time,
  argMin(price, (at, received, arrival)) AS open, max(price) AS high, min(price) AS low,
  argMax(price, (at, received, arrival)) AS close, sum(size) AS volume, count(price) AS trades, max(late) AS corrected
FROM (
  SELECT t.symbol AS symbol, t.time AS at, t.received AS received, t.arrival AS arrival, t.price AS price,
    assumeNotNull(t.size) AS size, t.late AS late
  FROM tickwire.ticks AS t WHERE t.price IS NOT NULL AND t.size IS NOT NULL
  UNION ALL
  SELECT symbol, time AS at, time AS received, toUInt16(0) AS arrival, NULL AS price, size, toUInt8(1) AS late FROM tickwire.volume_moves
)
GROUP BY symbol, time`;

/** Statements of each version, in order; each may have run before, in part or as a whole. */
export const MIGRATIONS: ReadonlyMap<number, readonly string[]> = new Map([
  [1, [TICKS, VOLUME_MOVES, MINUTES, MINUTES_OF_TICKS, MINUTES_OF_MOVES, CANDLES_1M, CANDLES_1S]],
]);
