import { type Tick, type TickInput, tick } from '#domain';

export const T0 = 1_700_000_000_000;

/** A tick for a test: of NSE:A1 by vendor `v`, received at T0, with what is given. */
export function aTick(given: Partial<TickInput> = {}): Tick {
  return tick({ instrument: 'NSE:A1', vendor: 'v', receivedAt: T0, ...given });
}
