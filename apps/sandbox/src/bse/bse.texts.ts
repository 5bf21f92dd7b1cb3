const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IST_OFFSET_MS = 330 * 60_000;

/** `+36.45`, `-0.66`, `+0.00` */
export function signed(value: number): string {
  const text = value.toFixed(2);
  // a small fall rounds to minus zero
  if (text === '-0.00') return '+0.00';
  return text.startsWith('-') ? text : `+${text}`;
}

/** Indian grouping: `17,57,876.78`. */
export function grouped(value: number, decimals = 2): string {
  return value.toLocaleString('en-IN', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Two decimals, or nothing. */
export function priceText(price: number | undefined): string {
  return price === undefined ? '' : price.toFixed(2);
}

/** Indian time: `14 Oct 25 | 11:42` */
export function asOn(at: number): string {
  const local = inIndia(at);
  return `${two(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]} ${two(local.getUTCFullYear() % 100)} | ${clock(local)}`;
}

/** Indian time: `Wed Oct 11 2023 09:15:00` */
export function graphTime(at: number): string {
  const local = inIndia(at);
  const date = `${MONTHS[local.getUTCMonth()]} ${two(local.getUTCDate())} ${local.getUTCFullYear()}`;
  return `${DAYS[local.getUTCDay()]} ${date} ${clock(local)}:${two(local.getUTCSeconds())}`;
}

/** Indian date: `2025-10-14` */
export function isoDay(at: number): string {
  return inIndia(at).toISOString().slice(0, 10);
}

/** A clock whose UTC hands show Indian time. */
function inIndia(at: number): Date {
  return new Date(at + IST_OFFSET_MS);
}

function clock(local: Date): string {
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
