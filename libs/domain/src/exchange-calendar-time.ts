import type { ExchangeCalendar } from './exchange-calendar.js';
import type { EpochMs } from './time.js';

/** What a time may look like, for people. */
export const TIME_FORMS =
  'ISO 8601 (without an offset it is the time of the exchange), a date like 2026-11-20, Unix milliseconds, today, yesterday (the last trading day before today), now, or a while ago like -5d, -2h, -30m';

/** A stretch of time; `to` is not included. */
export interface TimeRange {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

const AGO_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
const LATEST: EpochMs = Date.UTC(2200, 0);

/** Reads times as people write them, for one exchange. */
export class TimeReader {
  constructor(
    private readonly calendar: ExchangeCalendar,
    private readonly exchange: string,
    private readonly now: EpochMs,
  ) {}

  /** A time in one of `TIME_FORMS`; a date, today or yesterday is its beginning. Undefined when it is none. */
  start(text: string): EpochMs | undefined {
    return this.date(text)?.from ?? this.moment(text);
  }

  /** The same as the end of a range: a date, today or yesterday is included. */
  end(text: string): EpochMs | undefined {
    return this.date(text)?.to ?? this.moment(text);
  }

  /** A whole date: 2026-11-20, today or yesterday. Undefined when it is none. */
  date(text: string): TimeRange | undefined {
    const today = this.calendar.dateAt(this.exchange, this.now);
    const date =
      text === 'today'
        ? today
        : text === 'yesterday'
          ? (this.calendar.sessionFrom(this.exchange, today, -1)?.date ?? '')
          : text;
    const from = this.calendar.startOf(this.exchange, date);
    if (Number.isNaN(from)) return undefined;
    // no day is longer than 25 hours, and none shorter than 23
    const next = this.calendar.dateAt(this.exchange, from + 26 * AGO_MS.h);
    return { from, to: this.calendar.startOf(this.exchange, next) };
  }

  private moment(text: string): EpochMs | undefined {
    if (text === 'now') return this.now;
    const [, count, unit] = /^-(\d{1,6})([smhdw])$/.exec(text) ?? [];
    if (unit !== undefined) return this.now - Number(count) * AGO_MS[unit as keyof typeof AGO_MS];
    // ten digits would be seconds, and an answer about 1970
    if (/^\d{11,13}$/.test(text)) return checked(Number(text));
    const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?$/.exec(text);
    if (iso === null) return undefined;
    const [, date = '', time = '', offset] = iso;
    if (offset !== undefined) return checked(Date.parse(`${date}T${time}${offset}`));
    const shown = Date.parse(`${date}T${time}Z`);
    // midnight and the clock at noon differ in hours only on days the clocks are changed
    return checked(this.calendar.startOf(this.exchange, date) + (shown - Date.parse(date)));
  }
}

function checked(at: EpochMs): EpochMs | undefined {
  return at >= 0 && at < LATEST ? at : undefined;
}
