import type { EpochMs } from '#domain';

const TIME = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?)?$/;
const SECOND_MS = 1000;

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Epoch ms of `2024-10-30 19:59:53.814`, or of the beginning of `2024-10-30`, on the clocks of a time zone, summer time included;
 * in the hour that comes twice, one of the two. Undefined for anything else, and for an unknown zone.
 */
export function zonedTime(text: unknown, zone: string): EpochMs | undefined {
  const [, date, time = '00:00:00', fraction = ''] = (typeof text === 'string' && TIME.exec(text.trim())) || [];
  if (date === undefined) return undefined;
  const iso = `${date}T${time}.${fraction.padEnd(3, '0')}Z`;
  const asUtc = Date.parse(iso);
  // the 30th of February is some day in March to a parser
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString() !== iso) return undefined;
  try {
    const guess = asUtc - offsetAt(asUtc, zone);
    return asUtc - offsetAt(guess, zone);
  } catch {
    return undefined;
  }
}

/** How far the zone's clocks are ahead of UTC, ms. @throws RangeError for an unknown zone */
function offsetAt(at: EpochMs, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(zone, format);
  }
  // Swedish dates are ISO dates
  return Date.parse(`${format.format(at).replace(' ', 'T')}Z`) - Math.floor(at / SECOND_MS) * SECOND_MS;
}
