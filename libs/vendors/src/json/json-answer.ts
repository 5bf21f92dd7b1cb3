import { type Instrument, type InstrumentId, SourceFailedError, type Tick, VendorFrameError } from '#domain';
import type { Outcome } from '../transports/http-source.js';
import type { JsonMapper } from './json-mapper.js';
import { NUMBER_FIELDS } from './json-mapping.js';

const VENDOR = 'json';

/**
 * Turns the answer to one call into an outcome for each instrument asked for, in their order. Where several records are about one
 * instrument, the later one completes and overrides the earlier.
 * Emits  a tick, or a SourceFailedError that is not retryable where the answer says nothing about the instrument
 * @throws VendorFrameError if the answer holds no records, or none that names a symbol where a rule wants one
 */
export function readAnswer(
  frame: unknown,
  mapper: JsonMapper,
  instruments: readonly Instrument[],
  receivedAt: number,
): Outcome[] {
  if (!mapper.finds(frame)) throw new VendorFrameError(VENDOR, 'no rule finds a record', frame);
  const asked = instruments.length === 1 ? instruments[0]?.id : undefined;
  const found = new Map<InstrumentId, Tick>();
  let unreadable: VendorFrameError | undefined;
  const malformed = (error: VendorFrameError): void => {
    unreadable = error;
  };
  for (const tick of mapper.ticks(frame, receivedAt, malformed, asked)) {
    const before = found.get(tick.instrument);
    found.set(tick.instrument, before === undefined ? tick : completed(before, tick));
  }
  if (unreadable !== undefined && found.size === 0) throw unreadable;
  return instruments.map(({ id }) => {
    const tick = found.get(id);
    if (tick !== undefined && NUMBER_FIELDS.some((field) => tick[field] !== undefined)) return tick;
    return new SourceFailedError(VENDOR, `no quote of ${id} in the answer`, { retryable: false });
  });
}

function completed(before: Tick, later: Tick): Tick {
  const news = Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined));
  return { ...before, ...news };
}
