import type { CalendarDay } from './exchange-calendar-csv.js';
import {
  DAY_MINUTES,
  dateOf,
  dayOf,
  epochOf,
  HOURS,
  hoursOf,
  type MarketHours,
  MINUTE_MS,
  minutesAhead,
} from './exchange-calendar-hours.js';
import type { EpochMs } from './time.js';

export { type CalendarDay, parseHolidaysCsv } from './exchange-calendar-csv.js';
export { utcOffsetMs } from './exchange-calendar-hours.js';

/** One trading day of an exchange. Of its four times each is at or after the one before. */
export interface TradingSession {
  readonly exchange: string;
  /** `2026-11-20`, by the exchange's own clock. */
  readonly date: string;
  /** Quotes may move from here on: the opening auction, or trading before hours. */
  readonly preOpens: EpochMs;
  readonly opens: EpochMs;
  readonly closes: EpochMs;
  /** Quotes stand still from here on. */
  readonly postCloses: EpochMs;
  /** Whether what is traded before `opens` is the auction that makes the day's opening price. */
  readonly opensByAuction: boolean;
  /** Name of a day with hours of its own, `Muhurat trading`. */
  readonly special: string | undefined;
}

/** Trading days looked through for the next or previous one: no exchange rests longer. */
const SEARCHED_DAYS = 30;

/** Which days and hours exchanges trade. */
export class ExchangeCalendar {
  /** By `NSE 20782`: exchange, and days since 1970 by its own clock. */
  private readonly days: ReadonlyMap<string, CalendarDay>;
  private readonly alwaysOpen: boolean;

  /** @param days holidays, and days with hours of their own */
  constructor(days: Iterable<CalendarDay>, { alwaysOpen = false }: { readonly alwaysOpen?: boolean } = {}) {
    this.days = new Map(alwaysOpen ? [] : Array.from(days, (day) => [`${day.exchange} ${dayOf(day.date)}`, day]));
    this.alwaysOpen = alwaysOpen;
  }

  /** Exchanges whose hours are known. */
  get exchanges(): readonly string[] {
    return Object.keys(HOURS);
  }

  /** Whether quotes of an exchange may move now. An exchange we have no hours for counts as open. */
  isOpen(exchange: string, now: EpochMs): boolean {
    const hours = hoursOf(exchange, this.alwaysOpen);
    return this.isWithin(exchange, hours, hours.opens, hours.closes, now);
  }

  /** Whether trades of an exchange should follow one another now, so that silence is a sign. */
  isContinuous(exchange: string, now: EpochMs): boolean {
    const hours = hoursOf(exchange, this.alwaysOpen);
    return this.isWithin(exchange, hours, ...hours.continuous, now);
  }

  /** IANA name of the exchange's time zone. */
  timeZone(exchange: string): string {
    return hoursOf(exchange, this.alwaysOpen).timeZone;
  }

  /** When trading usually opens and closes, minutes after midnight by the exchange's clock; 0 and 1440 where it never closes. */
  usualHours(exchange: string): readonly [opens: number, closes: number] {
    return hoursOf(exchange, this.alwaysOpen).continuous;
  }

  /** The date that the exchange's clock shows. */
  dateAt(exchange: string, at: EpochMs): string {
    return dateOf(this.dayAt(hoursOf(exchange, this.alwaysOpen), at));
  }

  /** Midnight by the exchange's clock, with which a date like 2026-11-20 begins. NaN when there is no such date. */
  startOf(exchange: string, date: string): EpochMs {
    return epochOf(this.timeZone(exchange), dayOf(date), 0);
  }

  /** The trading of one date; undefined when there is none. */
  session(exchange: string, date: string): TradingSession | undefined {
    return this.sessionOn(exchange, dayOf(date));
  }

  /** Trading days whose date is within, oldest first; both ends included. */
  sessions(exchange: string, from: EpochMs, to: EpochMs): TradingSession[] {
    const hours = hoursOf(exchange, this.alwaysOpen);
    const found: TradingSession[] = [];
    for (let day = this.dayAt(hours, from); day <= this.dayAt(hours, to); day++) {
      const session = this.sessionOn(exchange, day);
      if (session !== undefined) found.push(session);
    }
    return found;
  }

  /** The `count`th trading day after a date, or before it when negative. Undefined when the exchange rests for a month. */
  sessionFrom(exchange: string, date: string, count: number): TradingSession | undefined {
    const step = Math.sign(count);
    let day = dayOf(date);
    let session: TradingSession | undefined;
    for (let left = Math.abs(count); left > 0; left--) {
      const last = day + step * SEARCHED_DAYS;
      do session = this.sessionOn(exchange, (day += step));
      while (session === undefined && day !== last);
    }
    return session;
  }

  /** What is special about a date; undefined on ordinary days and weekends. */
  dayNote(exchange: string, date: string): CalendarDay | undefined {
    return this.days.get(`${exchange} ${dayOf(date)}`);
  }

  /** Special days of a year, oldest first. */
  dayNotes(exchange: string, year: number): CalendarDay[] {
    return [...this.days.values()]
      .filter((day) => day.exchange === exchange && day.date.startsWith(`${year}-`))
      .toSorted((a, b) => (a.date < b.date ? -1 : 1));
  }

  /** Whether the list has holidays of a year; without them every weekday counts as a trading day. */
  knowsHolidays(exchange: string, year: number): boolean {
    return this.dayNotes(exchange, year).some(({ hours }) => hours === undefined);
  }

  private sessionOn(exchange: string, day: number): TradingSession | undefined {
    const usual = hoursOf(exchange, this.alwaysOpen);
    const note = this.days.get(`${exchange} ${day}`);
    if (Number.isNaN(day) || !this.isTradingDay(usual, note, day)) return undefined;
    const { opens, closes, continuous } = hoursOn(usual, note);
    const at = (minute: number): EpochMs => epochOf(usual.timeZone, day, minute);
    return {
      exchange,
      date: dateOf(day),
      preOpens: at(opens),
      opens: at(continuous[0]),
      closes: at(continuous[1]),
      postCloses: at(closes),
      opensByAuction: usual.opensByAuction,
      special: note?.name,
    };
  }

  private isTradingDay({ everyDay }: MarketHours, note: CalendarDay | undefined, day: number): boolean {
    if (note !== undefined) return note.hours !== undefined;
    // day 0 of the epoch was a Thursday
    const weekday = (((day + 4) % 7) + 7) % 7;
    return everyDay || (weekday !== 0 && weekday !== 6);
  }

  private isWithin(exchange: string, usual: MarketHours, from: number, to: number, now: EpochMs): boolean {
    const minutes = Math.floor(now / MINUTE_MS) + minutesAhead(usual.timeZone, now);
    const day = Math.floor(minutes / DAY_MINUTES);
    const minute = minutes - day * DAY_MINUTES;
    const note = this.days.get(`${exchange} ${day}`);
    if (!this.isTradingDay(usual, note, day)) return false;
    if (note?.hours === undefined) return minute >= from && minute < to;
    const special = hoursOn(usual, note);
    const [opens, closes] = from === usual.opens ? [special.opens, special.closes] : special.continuous;
    return minute >= opens && minute < closes;
  }

  private dayAt({ timeZone }: MarketHours, at: EpochMs): number {
    return Math.floor((Math.floor(at / MINUTE_MS) + minutesAhead(timeZone, at)) / DAY_MINUTES);
  }
}

/** A day's hours. What usually comes before the opening and after the close does so on a special day that opens or closes as usual. */
function hoursOn(
  usual: MarketHours,
  note: CalendarDay | undefined,
): Pick<MarketHours, 'opens' | 'closes' | 'continuous'> {
  if (note?.hours === undefined) return usual;
  const [from, to] = note.hours;
  return {
    opens: from === usual.continuous[0] ? usual.opens : from,
    closes: to === usual.continuous[1] ? usual.closes : to,
    continuous: [from, to],
  };
}
