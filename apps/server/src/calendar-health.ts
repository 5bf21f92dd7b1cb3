import type { Clock, ExchangeCalendar, HealthReport, HealthSource, InstrumentMaster, Log } from '#domain';

/** Time to get a list of next year's holidays before the first of them. */
const AHEAD_MS = 14 * 86_400_000;

/**
 * Says so when the list of holidays has none of this year, or in its last two weeks none of the next, for an exchange whose instruments
 * we have: every weekday then counts as a trading day.
 */
export class CalendarHealth implements HealthSource {
  readonly name = 'calendar';

  /** @param exchanges those whose hours matter here */
  constructor(
    private readonly calendar: ExchangeCalendar,
    private readonly exchanges: readonly string[],
    private readonly clock: Clock,
  ) {}

  /** Years without a list, as `NSE 2027`. */
  unknown(): string[] {
    const now = this.clock.now();
    return this.exchanges.flatMap((exchange) => {
      const years = new Set([now, now + AHEAD_MS].map((at) => Number(this.calendar.dateAt(exchange, at).slice(0, 4))));
      return [...years]
        .filter((year) => !this.calendar.knowsHolidays(exchange, year))
        .map((year) => `${exchange} ${year}`);
    });
  }

  report(): HealthReport {
    const holidaysUnknown = this.unknown();
    return holidaysUnknown.length === 0 ? { state: 'up' } : { state: 'degraded', holidaysUnknown };
  }
}

/** Watches the exchanges of our instruments whose hours are known, and warns at once of a year without a list. */
export function watchCalendar(
  calendar: ExchangeCalendar,
  master: InstrumentMaster,
  clock: Clock,
  log: Log,
): CalendarHealth {
  const used = new Set(Array.from(master.all(), ({ exchange }) => exchange));
  const health = new CalendarHealth(
    calendar,
    calendar.exchanges.filter((exchange) => used.has(exchange)),
    clock,
  );
  const unknown = health.unknown();
  if (unknown.length > 0)
    log.warn({ unknown }, 'HOLIDAYS has no holidays of these years: every weekday counts as a trading day');
  return health;
}
