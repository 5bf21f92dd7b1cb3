import type { ExchangeCalendar, TradingSession } from './exchange-calendar.js';
import type { EpochMs } from './time.js';

/** Where an exchange is in its day. */
export const MARKET_PHASES = ['pre-open', 'open', 'post-close', 'closed', 'holiday'] as const;
export type MarketPhase = (typeof MARKET_PHASES)[number];

/** Whether an exchange trades now, and when that changes. */
export interface MarketStatus {
  readonly exchange: string;
  readonly phase: MarketPhase;
  /** Why, for people: `Diwali Balipratipada`, `weekend`. */
  readonly reason: string;
  /** Trading of the exchange's present date; undefined when there is none. */
  readonly session: TradingSession | undefined;
  /** Next time continuous trading starts or ends; undefined when the exchange rests for a month. */
  readonly nextOpen: EpochMs | undefined;
  readonly nextClose: EpochMs | undefined;
}

export function marketStatus(calendar: ExchangeCalendar, exchange: string, now: EpochMs): MarketStatus {
  const date = calendar.dateAt(exchange, now);
  const session = calendar.session(exchange, date);
  const after = calendar.sessionFrom(exchange, date, 1);
  const [phase, reason] = session === undefined ? restOf(calendar, exchange, date) : phaseOf(session, now);
  return {
    exchange,
    phase,
    reason,
    session,
    nextOpen: session !== undefined && now < session.opens ? session.opens : after?.opens,
    nextClose: session !== undefined && now < session.closes ? session.closes : after?.closes,
  };
}

function restOf(calendar: ExchangeCalendar, exchange: string, date: string): [MarketPhase, string] {
  const note = calendar.dayNote(exchange, date);
  return note === undefined ? ['closed', 'weekend'] : ['holiday', note.name || 'holiday'];
}

function phaseOf(
  { preOpens, opens, closes, postCloses, special }: TradingSession,
  now: EpochMs,
): [MarketPhase, string] {
  if (now < preOpens) return ['closed', 'before hours'];
  if (now < opens) return ['pre-open', 'before the opening'];
  if (now < closes) return ['open', special ?? 'trading hours'];
  return now < postCloses ? ['post-close', 'after the close'] : ['closed', 'after hours'];
}
