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

/** Part of a day whose trades are counted in intervals of one row: every `step` from `origin` on, cut at `first` and at `to`. */
export interface Stretch {
  /** Trades from here on count, those before `first` in the first interval. */
  readonly from: EpochMs;
  /** Not included. */
  readonly to: EpochMs;
  /** No interval starts before. */
  readonly first: EpochMs;
  readonly origin: EpochMs;
  readonly outside: boolean;
}

interface Day {
  readonly start: EpochMs;
  readonly end: EpochMs;
  readonly stretches: readonly Stretch[];
}

const MAX_DAY_MS = 25 * 3_600_000;

/** Divides an exchange's time into intervals. The first of a session begins with its opening, and the last ends with its close. */
export class IntervalClock {
  /** Distance of intervals, ms; a whole day is one, however long it is. */
  readonly step: number;
  private today: Day | undefined;

  constructor(
    private readonly calendar: ExchangeCalendar,
    private readonly exchange: string,
    private readonly options: IntervalOptions,
  ) {
    this.step = options.interval === '1d' ? 2 * MAX_DAY_MS : HISTORY_INTERVALS[options.interval];
  }

  /** The interval a trade belongs to; undefined when it does not count. Cheap when asked in order. */
  intervalOf(at: EpochMs): Interval | undefined {
    const stretch = this.dayOf(at).stretches.find(({ from, to }) => at >= from && at < to);
    if (stretch === undefined) return undefined;
    const { first, origin, to, outside } = stretch;
    const counted = origin + Math.floor((Math.max(at, first) - origin) / this.step) * this.step;
    return { start: Math.max(counted, first), end: Math.min(counted + this.step, to), outside };
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

  /** Stretches of the days from one time to another, oldest first, `end` excluded. */
  *stretches(from: EpochMs, end: EpochMs): Generator<Stretch> {
    for (let at = from; at < end;) {
      const day = this.dayOf(at);
      yield* day.stretches;
      at = day.end;
    }
  }

  private dayOf(at: EpochMs): Day {
    if (this.today === undefined || at < this.today.start || at >= this.today.end) {
      const { calendar, exchange } = this;
      const date = calendar.dateAt(exchange, at);
      const start = calendar.startOf(exchange, date);
      const end = calendar.startOf(exchange, calendar.dateAt(exchange, start + MAX_DAY_MS));
      const session = calendar.session(exchange, date);
      const whole = { from: start, to: end, first: start, origin: start, outside: true };
      const stretches = session === undefined ? [whole] : this.stretchesOf(whole, session);
      this.today = {
        start,
        end,
        stretches: stretches.filter(({ outside }) => !outside || this.options.hours === 'all'),
      };
    }
    return this.today;
  }

  private stretchesOf(day: Stretch, { opens, closes, preOpens, opensByAuction }: TradingSession): Stretch[] {
    const { interval, hours, countedFrom } = this.options;
    const isWhole = interval === '1d';
    if (isWhole && hours === 'all') return [{ ...day, first: opens, origin: opens, outside: false }];
    const inside: Stretch = {
      // the auction makes the opening price
      from: opensByAuction && hours === 'regular' ? preOpens : opens,
      to: closes,
      first: opens,
      origin: countedFrom === 'midnight' && !isWhole ? day.origin : opens,
      outside: false,
    };
    return [{ ...day, to: opens }, inside, { ...day, from: closes, first: closes }].filter(({ from, to }) => from < to);
  }
}
