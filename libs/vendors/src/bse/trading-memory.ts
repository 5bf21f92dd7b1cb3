import type { EpochMs, Tick } from '#domain';
import { bseDay, MINUTE_MS } from './bse.times.js';
import type { TradedVolume, Trading } from './bse.trading.parse.js';

/** A header that has come. */
export interface Moment {
  /** What the header says; undefined when it says no time. */
  readonly eventTime: EpochMs | undefined;
  readonly receivedAt: EpochMs;
  /** The same by the clock that never runs backwards, ms. */
  readonly elapsed: number;
}

interface Asked extends Moment {
  readonly day: number;
}

/** How long after the minute of the last trade the counts are certain to hold it. */
const SETTLED_MS = 2 * MINUTE_MS;

/** What BSE said last about one scrip's trading, and when it is to be asked again. Counts of one day say nothing about another. */
export class TradingMemory {
  private asked: Asked | undefined;
  /** The question that was answered last. */
  private answered: Asked | undefined;
  private kept: { readonly day: number; readonly trading: Trading } | undefined;

  constructor(private readonly everyMs: number) {}

  /** At its own rate, at once on a new day, and no more once the time of the last trade has stopped: nothing has happened since. */
  isDue(moment: Moment): boolean {
    const { asked, answered } = this;
    if (asked === undefined || asked.day !== dayOf(moment)) return true;
    if (moment.elapsed - asked.elapsed < this.everyMs) return false;
    const isSettled =
      answered?.eventTime !== undefined &&
      answered.eventTime === moment.eventTime &&
      answered.receivedAt >= answered.eventTime + SETTLED_MS;
    return !isSettled;
  }

  /** BSE is being asked. @returns where its answer goes */
  asking(moment: Moment): (trading: Trading) => void {
    const asked = { ...moment, day: dayOf(moment) };
    this.asked = asked;
    return (trading) => {
      // an answer that was overtaken by one about a newer day
      if (this.kept !== undefined && this.kept.day > asked.day) return;
      this.answered = asked;
      this.kept = { day: asked.day, trading: this.merged(asked.day, trading) };
    };
  }

  /** What is known of the trading on the day of a header. */
  at(moment: Moment): Partial<Tick> {
    const day = dayOf(moment);
    if (this.kept?.day !== day) return {};
    const { volume, ...others } = this.kept.trading;
    // none traded, though the last trade is of an earlier day: a count of today
    const isOfToday = volume?.shares === 0 && day < bseDay(moment.receivedAt);
    return { ...others, volume: isOfToday ? undefined : volume?.shares };
  }

  private merged(day: number, trading: Trading): Trading {
    if (this.kept?.day !== day) return trading;
    const { trading: before } = this.kept;
    return {
      volume: larger(before.volume, trading.volume),
      averagePrice: trading.averagePrice ?? before.averagePrice,
      lowerCircuit: trading.lowerCircuit ?? before.lowerCircuit,
      upperCircuit: trading.upperCircuit ?? before.upperCircuit,
    };
  }
}

/** The newer count, unless it is lower only because one of them is rounded. */
function larger(before: TradedVolume | undefined, now: TradedVolume | undefined): TradedVolume | undefined {
  if (before === undefined || now === undefined) return now ?? before;
  const isRounding = now.shares < before.shares && before.shares - now.shares <= before.precision + now.precision;
  return isRounding ? before : now;
}

function dayOf({ eventTime, receivedAt }: Moment): number {
  return bseDay(eventTime ?? receivedAt);
}
