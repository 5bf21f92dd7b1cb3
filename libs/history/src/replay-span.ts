import { type Clock, ConfigError, type EpochMs, type WantedRecording } from '#domain';
import { FileTimes } from './import-time.js';
import type { Span } from './replay-file.js';

/** Exchanges rest no longer, days. */
const LONGEST_REST = 30;

/** The day that is meant by `today`, `yesterday`, which is the last trading day before today, or a date, `2026-11-20`. */
export function dayOf(
  date: string,
  timeZone: string,
  clock: Pick<Clock, 'now'>,
  isTradingDay: (day: string) => boolean,
): string {
  if (date !== 'today' && date !== 'yesterday') return date;
  const times = new FileTimes(timeZone);
  const today = times.dayOf(clock.now());
  if (date === 'today') return today;
  let day = today;
  for (let left = LONGEST_REST; left > 0; left--) {
    day = times.dayOf((times.startOf(day) ?? 0) - 1);
    if (isTradingDay(day)) return day;
  }
  return day;
}

/**
 * What is wanted of a day.
 * @param day `2026-11-20`
 * @throws ConfigError if there is no such day or time, or nothing between the two
 */
export function spanOf(day: string, { from, to, symbols, timeZone }: WantedRecording): Span {
  const times = new FileTimes(timeZone);
  const midnight = times.startOf(day);
  if (midnight === undefined) throw new ConfigError([`${day} is no day`]);
  // a day is not always 24 hours long
  const next = times.startOf(times.dayOf(midnight + 36 * 3_600_000)) ?? midnight;
  const at = (time: string): EpochMs => {
    const read = times.read(`${day}T${time}`);
    if (read === undefined) throw new ConfigError([`${time} is no time of a day`]);
    return read;
  };
  const span = {
    from: from === undefined ? midnight : at(from),
    to: to === undefined ? next : at(to),
    symbols: new Set(symbols),
  };
  if (span.from >= span.to) throw new ConfigError([`there is nothing between ${from ?? '00:00'} and ${to ?? '24:00'}`]);
  return span;
}
