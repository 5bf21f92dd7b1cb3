const MISSING = new Set(['', '-', 'NA', 'N.A.']);

/** A number as BSE writes it: Indian grouping, a leading plus, blanks. Undefined for its words for "none", which are never 0. */
export function bseNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (MISSING.has(text.toUpperCase())) return undefined;
  const plain = text.replaceAll(',', '').replace(/^\+/, '');
  return /^-?\d{1,15}(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const IST_OFFSET_MS = 330 * 60_000;

/** Epoch ms of `"14 Oct 25 | 11:42"`, which is Indian time to the minute; undefined for anything else. */
export function bseTime(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = /^\s*(\d{1,2}) ([A-Za-z]{3}) (\d{2,4})\s*\|\s*(\d{1,2}):(\d{2})\s*$/.exec(value);
  if (parts === null) return undefined;
  const [, day, monthName = '', year, hour, minute] = parts;
  const month = MONTHS.indexOf(monthName.toLowerCase());
  if (month < 0) return undefined;
  const fullYear = Number(year) < 100 ? 2000 + Number(year) : Number(year);
  return Date.UTC(fullYear, month, Number(day), Number(hour), Number(minute)) - IST_OFFSET_MS;
}
