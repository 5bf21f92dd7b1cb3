import { randomBytes } from 'node:crypto';
import {
  type Clock,
  ConfigError,
  type ExchangeCalendar,
  type Log,
  type Recording,
  type ReplayControl,
  type VendorConnections,
  type WantedRecording,
} from '#domain';
import {
  askEngine,
  askServer,
  dayOf,
  FileRecording,
  type HistoryEngine,
  PreviousCloses,
  RowsRecording,
  sessionsBefore,
  spanOf,
} from '#history';
import type { Parts } from './wiring.js';

/** Opens recordings where they are said to be. @param engineOf the history at hand, once it is there */
export function recordings(
  engineOf: () => HistoryEngine | undefined,
  clock: Clock,
  calendar: ExchangeCalendar,
): (wanted: WantedRecording) => Recording {
  return (wanted) => {
    const { file, url, apiKey, date = 'today', timeZone } = wanted;
    if (file !== undefined) return new FileRecording(file, timeZone, (day) => spanOf(day, wanted));
    const exchange = wanted.symbols[0]?.split(':')[0] ?? 'NSE';
    const day = dayOf(date, timeZone, clock, (one) => calendar.session(exchange, one) !== undefined);
    const ask = url === undefined ? askEngine(engineOf) : askServer(url, apiKey);
    const span = spanOf(day, wanted);
    const exchanges = new Set(wanted.symbols.map((symbol) => symbol.slice(0, symbol.indexOf(':'))));
    const closes = new PreviousCloses(ask, sessionsBefore(span, exchanges, calendar), span.symbols);
    return new RowsRecording(day, ask, span, closes);
  };
}

/**
 * The replay among the vendors' connections.
 * @throws ConfigError if other vendors would bring prices of now beside those of a recorded day
 */
export function replayOf(vendors: readonly VendorConnections[]): ReplayControl | undefined {
  const replay = vendors.flatMap(({ replays = [] }) => replays)[0];
  if (replay !== undefined && vendors.length > 1)
    throw new ConfigError(['VENDORS: replay stands alone: a recorded day is not mixed with prices of now']);
  return replay;
}

/** When the replay goes to another time, all values are forgotten and sequences begin anew: nothing of before compares with what follows. */
export function wireReplay(replay: ReplayControl, { lastValues, hub }: Parts, log: Log): void {
  replay.onRewind(() => {
    for (const state of lastValues.all()) state.forget();
    hub.channels.forget();
    hub.restart(randomBytes(6).toString('base64url'));
    log.info({ ...replay.progress() }, 'replay goes to another time');
  });
}
