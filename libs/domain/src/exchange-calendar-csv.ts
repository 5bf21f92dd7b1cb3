import { parse } from 'csv-parse/sync';
import { ConfigError } from './env.js';
import { dayOf } from './exchange-calendar-hours.js';

/** A day that is not like others of an exchange: a holiday, or a day with hours of its own, which may be on a weekend. */
export interface CalendarDay {
  readonly exchange: string;
  /** `2026-01-26`, by the exchange's own clock. */
  readonly date: string;
  /** `Republic Day`; empty when the list does not say. */
  readonly name: string;
  /** Minutes after midnight at which trading starts and ends on a day with hours of its own; undefined on a holiday. */
  readonly hours: readonly [opens: number, closes: number] | undefined;
}

interface Row {
  readonly record: Readonly<Partial<Record<'exchange' | 'date' | 'name' | 'opens' | 'closes', string>>>;
  readonly info: { readonly lines: number };
}

/**
 * Reads a holiday list: a header, then rows of exchange, date (`2026-01-26`) and name. A row that also has `opens` and `closes` (`18:15`, by
 * the exchange's clock) is no holiday but a session of its own, such as Muhurat trading or an early close. Other columns are ignored.
 * @throws ConfigError naming the lines that cannot be read, ten at most
 */
export function parseHolidaysCsv(text: string): CalendarDay[] {
  const problems: string[] = [];
  const days = readRows(text).flatMap(({ record, info: { lines } }) => {
    const { exchange = '', date = '', name = '', opens = '', closes = '' } = record;
    const hours = hoursOf(opens, closes);
    if (!/^[A-Z]+$/.test(exchange) || Number.isNaN(dayOf(date)))
      problems.push(`holidays, line ${lines}: needs an exchange and a date like 2026-01-26`);
    else if (hours === 'wrong')
      problems.push(`holidays, line ${lines}: opens and closes are times like 18:15, the first before the second`);
    else return [{ exchange, date, name, hours }];
    return [];
  });
  if (problems.length > 0) throw new ConfigError(problems.slice(0, 10));
  return days;
}

function hoursOf(opens: string, closes: string): CalendarDay['hours'] | 'wrong' {
  if (opens === '' && closes === '') return undefined;
  const [from, to] = [minuteOf(opens), minuteOf(closes)];
  return from < to ? [from, to] : 'wrong';
}

function minuteOf(time: string): number {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  return Number(hour) * 60 + Number(minute);
}

function readRows(text: string): Row[] {
  try {
    return parse<Row>(text, {
      columns: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count_less: true,
    });
  } catch (error) {
    throw new ConfigError([`holidays: ${(error as Error).message}`]);
  }
}
