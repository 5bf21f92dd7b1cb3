const AGGREGATES = [
  'any anyLast argMax argMin avg avgWeighted boundingRatio corr count covarPop covarSamp deltaSum deltaSumTimestamp',
  'entropy exponentialMovingAverage first_value groupArray groupUniqArray kurtPop kurtSamp last_value max median min',
  'quantile quantileExact quantileTDigest quantiles quantilesExact quantilesTDigest simpleLinearRegression skewPop skewSamp',
  'stddevPop stddevSamp sum topK uniq uniqCombined uniqExact varPop varSamp',
];
const WINDOW = ['dense_rank lag lagInFrame lead leadInFrame nth_value ntile percent_rank rank row_number'];
const TIME = [
  'addDays addHours addMilliseconds addMinutes addMonths addSeconds addWeeks addYears dateDiff date_diff date_trunc dateTrunc',
  'formatDateTime fromUnixTimestamp fromUnixTimestamp64Milli now now64 parseDateTimeBestEffort parseDateTime64BestEffort',
  'subtractDays subtractHours subtractMilliseconds subtractMinutes subtractMonths subtractSeconds subtractWeeks subtractYears',
  'timeSlot toDate toDateTime toDateTime64 today toDayOfMonth toDayOfWeek toDayOfYear toHour toIntervalDay toIntervalHour',
  'toIntervalMillisecond toIntervalMinute toIntervalMonth toIntervalSecond toIntervalWeek toIntervalYear toISOWeek toMinute',
  'toMillisecond toMonday toMonth toQuarter toSecond toStartOfDay toStartOfFifteenMinutes toStartOfFiveMinutes toStartOfHour',
  'toStartOfInterval toStartOfMillisecond toStartOfMinute toStartOfMonth toStartOfQuarter toStartOfSecond toStartOfTenMinutes',
  'toStartOfWeek toStartOfYear toTimeZone toUnixTimestamp toUnixTimestamp64Milli toYear toYYYYMM toYYYYMMDD yesterday',
];
const VALUES = [
  'abs acos asin assumeNotNull atan bitAnd bitOr bitXor cbrt ceil coalesce cos divide equals exp exp10 exp2 floor greater',
  'greaterOrEquals greatest if ifNotFinite ifNull intDiv isFinite isInfinite isNaN isNotNull isNull least less lessOrEquals log log10',
  'log1p log2 minus modulo multiIf multiply negate not notEquals nullIf pi plus pow power round roundBankers sign sin sqrt tan tanh',
  'toBool toFloat32 toFloat64 toFloat64OrNull toInt16 toInt32 toInt64 toInt8 toNullable toString toTypeName toUInt16 toUInt32',
  'toUInt64 toUInt8 trunc tuple tupleElement xor and or',
];
const TEXT = [
  'concat endsWith extract length lower match position replaceOne splitByChar startsWith substring upper trim empty notEmpty',
  'like ilike notLike',
];
const ARRAYS = [
  'array arrayAll arrayAvg arrayCount arrayCumSum arrayDifference arrayElement arrayEnumerate arrayExists arrayFilter arrayFirst',
  'arrayLast arrayMap arrayMax arrayMin arrayReverse arraySlice arraySort arrayReverseSort arraySum arrayZip has indexOf',
];

/** Functions a query may call, by what they are for. */
export const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  'of many rows': names(AGGREGATES),
  'with `OVER`': names(WINDOW),
  time: names(TIME),
  values: names(VALUES),
  texts: names(TEXT),
  arrays: names(ARRAYS),
};

function names(lists: readonly string[]): string[] {
  return lists.join(' ').split(' ');
}

const lower = (name: string): string => name.toLowerCase();
const aggregates = new Set(names(AGGREGATES).map(lower));
const allowed = new Set(Object.values(FUNCTIONS).flat().map(lower));

/**
 * Whether a query may call a function. Those that read a table, a file, a setting or another server, wait, or make much of little
 * (`range`, `repeat`, `leftPad`) are not on the list, and neither is any we do not know.
 */
export function isAllowedFunction(name: string): boolean {
  const known = lower(name);
  return allowed.has(known) || (known.endsWith('if') && aggregates.has(known.slice(0, -2)));
}

const TYPE =
  /^(?:U?Int(?:8|16|32|64)|Float(?:32|64)|String|Bool|Date|Date32|DateTime|DateTime\('[A-Za-z_/+-]+'\)|DateTime64\([0-9](?:,'[A-Za-z_/+-]+')?\))$/;

/** Whether a type may be cast to, or stand at a parameter: plain values and lists of them, never a name of a table. */
export function isAllowedType(type: string): boolean {
  const inner = /^(?:Array|Nullable)\((.*)\)$/.exec(type)?.[1];
  return inner === undefined ? TYPE.test(type) : isAllowedType(inner);
}
