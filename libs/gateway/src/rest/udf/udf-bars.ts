import type { EpochMs, ExchangeCalendar } from '#domain';
import type { HistoryCandle } from '#history';

/** Bars as a table: one array a column, times in Unix seconds. */
export interface UdfBars {
  readonly s: 'ok';
  readonly t: readonly number[];
  readonly o: readonly number[];
  readonly h: readonly number[];
  readonly l: readonly number[];
  readonly c: readonly number[];
  readonly v: readonly number[];
}

/** No bars where they were asked for; `nextTime` is the newest before, when there is one. */
export interface UdfNoData {
  readonly s: 'no_data';
  readonly nextTime?: number;
}

const DAY_MS = 86_400_000;

/** Times of one exchange's bars. A day's bar is at midnight UTC of the trading day's date, others are at their start. */
export class UdfTimes {
  constructor(
    private readonly calendar: ExchangeCalendar,
    private readonly exchange: string,
    private readonly isDaily: boolean,
  ) {}

  barsOf(candles: readonly HistoryCandle[]): UdfBars {
    return {
      s: 'ok',
      t: candles.map((candle) => this.timeOf(candle)),
      o: candles.map(({ open }) => open),
      h: candles.map(({ high }) => high),
      l: candles.map(({ low }) => low),
      c: candles.map(({ close }) => close),
      v: candles.map(({ volume }) => volume),
    };
  }

  timeOf({ time }: HistoryCandle): number {
    const at = Date.parse(time);
    return (this.isDaily ? Date.parse(this.calendar.dateAt(this.exchange, at)) : at) / 1000;
  }

  /** From when on candles begin whose bars are at a time or after it. @param seconds Unix seconds */
  startOf(seconds: number): EpochMs {
    const at = seconds * 1000;
    if (!this.isDaily) return at;
    const date = new Date(Math.ceil(at / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
    return this.calendar.startOf(this.exchange, date);
  }
}
