import type { EpochMs, ExchangeCalendar, TradingSession } from '#domain';
import { HISTORY_INTERVALS, type HistoryInterval } from './candle-intervals.js';

/**
 * Which trades count: those of a trading day's continuous hours and of the auction that opens it (`regular`), or all of them.
 */
export type CountedHours = 'regular' | 'all';

export interface IntervalOptions {
  readonly interval: HistoryInterval;
  readonly hours: CountedHours;
  /** Whether intervals are counted from midnight of the exchange's clock, or from the opening as charts do. The same up to 15 minutes. */
  readonly countedFrom: 'midnight' | 'opening';
}

/** One interval of an exchange's day. */
export interface Interval {
  readonly start: EpochMs;
  readonly end: EpochMs;
  /** Whether the exchange does not trade continuously then. */
  readonly outside: boolean;
}

interface Day {
  readonly start: EpochMs;
  readonly end: EpochMs;
  readonly session: TradingSession | undefined;
}

const MAX_DAY_MS = 25 * 3_600_000;

/** Divides an exchange's time into intervals. The first of a session begins with its opening, and the last ends with its close. */
export class IntervalClock {
  private readonly step: number;
  private today: Day | undefined;

  constructor(
    private readonly calendar: ExchangeCalendar,
    private readonly exchange: string,
    private readonly options: IntervalOptions,
  ) {
    this.step = HISTORY_INTERVALS[options.interval];
  }

  /** The interval a trade belongs to; undefined when it does not count. Cheap when asked in order. */
  intervalOf(at: EpochMs): Interval | undefined {
    const day = this.dayOf(at);
    const { session } = day;
    const isAll = this.options.hours === 'all';
    if (session === undefined) return isAll ? this.outside(day, at, day.start, day.end) : undefined;
    if (this.options.interval === '1d') return this.wholeDay(day, session, at);
    const isAuction = session.opensByAuction && at >= session.preOpens && at < session.opens;
    if (isAuction && !isAll) return this.inside(day, session, session.opens);
    if (at >= session.opens && at < session.closes) return this.inside(day, session, at);
    if (!isAll) return undefined;
    return at < session.opens
      ? this.outside(day, at, day.start, session.opens)
      : this.outside(day, at, session.closes, day.end);
  }

  /** Intervals of sessions that start within, oldest first, `end` excluded. */
  *between(from: EpochMs, end: EpochMs): Generator<Interval> {
    for (const { opens, closes } of this.calendar.sessions(this.exchange, from, end)) {
      for (let at = opens; at < Math.min(closes, end);) {
        const interval = this.intervalOf(at) as Interval;
        if (interval.start >= from && interval.start < end) yield interval;
        at = interval.end;
      }
    }
  }

  private inside(day: Day, { opens, closes }: TradingSession, at: EpochMs): Interval {
    const origin = this.options.countedFrom === 'midnight' ? day.start : opens;
    const counted = origin + Math.floor((at - origin) / this.step) * this.step;
    return { start: Math.max(counted, opens), end: Math.min(counted + this.step, closes), outside: false };
  }

  private outside(day: Day, at: EpochMs, from: EpochMs, to: EpochMs): Interval {
    const counted = day.start + Math.floor((at - day.start) / this.step) * this.step;
    return { start: Math.max(counted, from), end: Math.min(counted + this.step, to), outside: true };
  }

  private wholeDay(day: Day, session: TradingSession, at: EpochMs): Interval | undefined {
    const { opens, closes, preOpens, opensByAuction } = session;
    const isCounted = at >= (opensByAuction ? preOpens : opens) && at < closes;
    if (this.options.hours === 'all') return { start: opens, end: day.end, outside: false };
    return isCounted ? { start: opens, end: closes, outside: false } : undefined;
  }

  private dayOf(at: EpochMs): Day {
    if (this.today === undefined || at < this.today.start || at >= this.today.end) {
      const { calendar, exchange } = this;
      const date = calendar.dateAt(exchange, at);
      const start = calendar.startOf(exchange, date);
      const end = calendar.startOf(exchange, calendar.dateAt(exchange, start + MAX_DAY_MS));
      this.today = { start, end, session: calendar.session(exchange, date) };
    }
    return this.today;
  }
}
