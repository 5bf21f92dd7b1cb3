import type { EpochMs } from '#domain';

const LOCAL = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const WITH_ZONE = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;
/** Digits of a count since 1970, and how many of the unit are in a millisecond. */
const COUNTS: Readonly<Record<number, number>> = { 10: 1e-3, 13: 1, 16: 1e3, 19: 1e6 };
const QUARTER_MS = 15 * 60_000;

/** Reads times as files write them; those without a zone are of the zone given. */
export class FileTimes {
  private readonly offsets = new Map<number, number>();
  private readonly format: Intl.DateTimeFormat;

  /** @param zone `Asia/Kolkata` @throws RangeError if there is no such zone */
  constructor(zone: string) {
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  }

  /**
   * ISO 8601 with or without zone, a space for the `T` allowed, or a count since 1970 in seconds, milliseconds, micro- or nanoseconds, by its
   * number of digits; a count of seconds may have decimals.
   * @returns undefined for anything else
   */
  read(text: string): EpochMs | undefined {
    const count = /^(\d{10})(\.\d+)?$|^(\d{13}|\d{16}|\d{19})$/.exec(text);
    if (count !== null) {
      const digits = (count[1] ?? count[3] ?? '').length;
      return Math.round(Number(text) / (COUNTS[digits] ?? 1));
    }
    if (WITH_ZONE.test(text)) return valid(Date.parse(text.replace(' ', 'T')));
    const [, date, minutes, seconds = '00', fraction = '0'] = LOCAL.exec(text) ?? [];
    if (date === undefined) return undefined;
    return this.local(date, `${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}`);
  }

  /** Midnight at which a day begins. @param day `2026-11-20` @returns undefined for no day */
  startOf(day: string): EpochMs | undefined {
    return /^\d{4}-\d\d-\d\d$/.test(day) ? this.local(day, '00:00:00.000') : undefined;
  }

  /** The day a time falls into, `2026-11-20`. */
  dayOf(at: EpochMs): string {
    return new Date(at + this.offsetAt(at)).toISOString().slice(0, 10);
  }

  private local(date: string, time: string): EpochMs | undefined {
    const asUtc = valid(Date.parse(`${date}T${time}Z`));
    if (asUtc === undefined || !new Date(asUtc).toISOString().startsWith(date)) return undefined;
    // the offset belongs to the moment, which is known only with the offset: the second look is right but in the hour that is skipped
    return asUtc - this.offsetAt(asUtc - this.offsetAt(asUtc));
  }

  private offsetAt(at: EpochMs): number {
    const quarter = Math.floor(at / QUARTER_MS);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      const [, sign, hour, minute] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(this.format.format(at)) ?? [];
      offset = (sign === '-' ? -1 : 1) * (Number(hour ?? 0) * 60 + Number(minute ?? 0)) * 60_000;
      this.offsets.set(quarter, offset);
    }
    return offset;
  }
}

function valid(at: number): EpochMs | undefined {
  return Number.isNaN(at) ? undefined : at;
}
