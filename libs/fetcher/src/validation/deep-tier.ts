import { type RejectReason, type Tick, tick as tickOf } from '#domain';
import { isAgreement } from './cross-check.js';
import { bookFault, deepCheck, isCandleBroken } from './deep-check.js';
import type { Rejections } from './rejections.js';
import type { Watch, Watches } from './watches.js';

/** Takes the ticks of watched instruments through the third tier: what is to be merged comes out, what is not is counted. */
export class DeepTier {
  constructor(
    readonly watches: Watches,
    private readonly rejections: Rejections,
  ) {}

  /** @returns the ticks to merge, oldest first; or why there is nothing to merge now, which for a suspect may yet change */
  examine(tick: Tick, watch: Watch): readonly Tick[] | RejectReason {
    if (this.isDoubted(tick, watch)) return this.refuse(tick, watch, 'cross-source');
    const { memory, suspects, state } = watch;
    const verdict = deepCheck(tick, state, memory, suspects);
    if (verdict === 'stale') return this.refuse(tick, watch, 'stale');
    if (verdict === 'suspect' || verdict === 'repeated') {
      if (verdict === 'suspect') this.watches.suspect(watch, tick);
      state.refused(tick.receivedAt);
      return 'outlier';
    }
    const told = this.withoutFaults(tick, watch);
    if (typeof told === 'string') return told;
    if (tick.price === undefined) return [told];
    let released: readonly Tick[] = [];
    if (verdict !== 'good') {
      released = release(watch, verdict.confirms);
      watch.hasJumped = verdict.confirms.vendor === tick.vendor;
    }
    this.watches.refute(watch);
    memory.learn(tick.price, tick.receivedAt);
    return [...released, told];
  }

  /** Lets another vendor's tick speak for a suspect. @returns the suspect it confirms, to be merged; or nothing */
  witness(tick: Tick, watch: Watch): readonly Tick[] {
    const { suspects, memory } = watch;
    if (tick.price === undefined) return [];
    const verdict = deepCheck(tick, watch.state, memory, suspects);
    if (typeof verdict === 'string' || verdict.confirms.vendor === tick.vendor) return [];
    const { confirms } = verdict;
    const released = release(watch, confirms);
    this.watches.refute(watch);
    memory.learn(confirms.price as number, confirms.receivedAt);
    return released;
  }

  /** Begins to watch from a price that two vendors' comparison has found right. */
  settle(watch: Watch, { price, receivedAt }: Tick): void {
    this.watches.refute(watch);
    if (price !== undefined) watch.memory.learn(price, receivedAt);
  }

  private isDoubted(tick: Tick, watch: Watch): boolean {
    const { doubt } = watch;
    if (doubt === undefined || tick.vendor !== doubt.vendor) return false;
    if (tick.receivedAt < doubt.until) {
      if (tick.price === undefined) return true;
      if (!isAgreement(tick.price, doubt.served)) {
        doubt.price = tick.price;
        doubt.eventTime = tick.eventTime;
        return true;
      }
    }
    watch.doubt = undefined;
    return false;
  }

  /** A wrong book or candle is no reason to refuse the price beside it: it alone is left out. */
  private withoutFaults(tick: Tick, watch: Watch): Tick | RejectReason {
    const book = bookFault(tick, watch.state);
    const isBroken = isCandleBroken(tick);
    if (book === undefined && !isBroken) return tick;
    if (book !== undefined) this.rejections.count(tick, book);
    if (isBroken) this.rejections.count(tick, 'candle');
    if (tick.price === undefined && tick.volume === undefined) {
      watch.state.refused(tick.receivedAt);
      return book ?? 'candle';
    }
    return tickOf({
      ...tick,
      ...(book !== undefined && { bid: undefined, ask: undefined, bidSize: undefined, askSize: undefined }),
      ...(isBroken && { open: undefined, high: undefined, low: undefined }),
    });
  }

  private refuse(tick: Tick, { state }: Watch, reason: RejectReason): RejectReason {
    state.refused(tick.receivedAt);
    this.rejections.count(tick, reason);
    return reason;
  }
}

/** Takes a confirmed suspect out. Of an earlier event it was overtaken while it waited, like a tick within a conflation window. */
function release({ suspects, state }: Watch, confirmed: Tick): readonly Tick[] {
  suspects.splice(suspects.indexOf(confirmed), 1);
  return (confirmed.eventTime ?? Infinity) >= state.eventTime ? [confirmed] : [];
}
