import { type ErrorCode, MarketDataError } from '#domain';

const TIMEOUTS = new Set([159, 160]);
const LIMITS = new Set([158, 191, 241, 290, 307, 396]);
/** Disk, memory, locks, load, connections, a shutdown: the same statement may work later. */
const PASSING = new Set([
  3, 74, 75, 76, 107, 198, 202, 203, 209, 210, 236, 242, 243, 252, 319, 341, 394, 425, 439, 473, 999, 1000, 1001,
]);
/** What the rows themselves are: text that is no number or date, a type that does not fit, data cut short. */
const ROWS = new Set([6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 349]);
const MOST_CHARACTERS = 600;

/** Numbers that ClickHouse gives to errors, in the texts of both kinds of engine: `Code: 62. DB::Exception: ...`. */
export function engineCodeOf(text: string): number | undefined {
  const code = /Code: (\d+)\./.exec(text)?.[1];
  return code === undefined ? undefined : Number(code);
}

/** Why an engine refused a statement, in our words. @param text its own, whose first line is kept */
export function engineError(code: number | undefined, text: string): MarketDataError {
  const [kind, isRetryable] = kindOf(code, text);
  return new MarketDataError(kind, plain(text), isRetryable);
}

/** Why an engine refused rows. Unless it is because of what they are they may be stored later, by another server or with more memory. */
export function insertError(code: number | undefined, text: string): MarketDataError {
  if (code === undefined || !ROWS.has(code)) return unavailable(plain(text));
  return new MarketDataError('QUERY_INVALID', plain(text), false);
}

/** The engine cannot be asked at the moment. */
export function unavailable(message: string, options?: ErrorOptions): MarketDataError {
  return new MarketDataError('HISTORY_UNAVAILABLE', message, true, options);
}

export function timedOut(ms: number): MarketDataError {
  return new MarketDataError('QUERY_TIMEOUT', `The statement took longer than ${ms} ms`, false);
}

/** Whoever asked has gone; told to nobody, but the promise must end. */
export function givenUp(): MarketDataError {
  return new MarketDataError('QUERY_TIMEOUT', 'The statement was given up', false);
}

/** Whether the whole engine had no memory left, rather than the statement, which may succeed later. */
function isTotalMemory(text: string): boolean {
  return text.includes('(total) memory limit');
}

function kindOf(code: number | undefined, text: string): [kind: ErrorCode, isRetryable: boolean] {
  if (code === undefined || PASSING.has(code) || isTotalMemory(text)) return ['HISTORY_UNAVAILABLE', true];
  if (TIMEOUTS.has(code)) return ['QUERY_TIMEOUT', false];
  return [LIMITS.has(code) ? 'QUERY_LIMIT' : 'QUERY_INVALID', false];
}

function plain(text: string): string {
  const [line = ''] = text.split('\n');
  return line
    .replace(/^.*?DB::Exception: /, '')
    .replace(/ \(version [^)]*\)/, '')
    .slice(0, MOST_CHARACTERS);
}
