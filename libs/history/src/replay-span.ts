import { type Clock, ConfigError, type EpochMs, type WantedRecording } from '#domain';
import { FileTimes } from './import-time.js';
import type { Span } from './replay-file.js';

/** The day that is meant by `today`, `yesterday` or a date, `2026-11-20`. */
export function dayOf(date: string, timeZone: string, clock: Pick<Clock, 'now'>): string {
  if (date !== 'today' && date !== 'yesterday') return date;
  const times = new FileTimes(timeZone);
  const today = times.dayOf(clock.now());
  const midnight = times.startOf(today) ?? 0;
  return date === 'today' ? today : times.dayOf(midnight - 1);
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
