import { TICK_COLUMNS, type TickRow } from './import-row.js';

/** First line of a file of ticks. */
export const CSV_HEADER = `${TICK_COLUMNS.join(',')}\n`;

/** A line of a file of ticks: times in ISO 8601 UTC, nothing for what a tick does not carry. */
export function csvLine({ tick, time, late, size }: TickRow): string {
  const { instrument, receivedAt, vendor, price, volume, bid, ask, bidSize, askSize, openInterest } = tick;
  const times = [time, receivedAt].map((at) => new Date(at).toISOString());
  const numbers = [price, size, volume, bid, ask, bidSize, askSize, openInterest];
  return `${[instrument, ...times, vendor, ...numbers.map((value) => value ?? ''), late ? 1 : 0].join(',')}\n`;
}
