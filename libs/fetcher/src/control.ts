import {
  type Clock,
  type Instrument,
  type InstrumentId,
  type InstrumentMaster,
  InvalidMessageError,
  InvalidSymbolError,
  type SnapshotSource,
} from '#domain';
import { ALL_SYMBOLS, type ControlDone, type ControlMessage } from '#protocol';
import type { Demand } from './demand.js';
import { isAble, isFeed } from './distribution.js';
import type { FeedSupervisor } from './feed-supervisor.js';
import type { Pauses } from './pauses.js';
import type { Refresher } from './refresher.js';

/** Carries out orders where more than this process has to obey. */
export type ControlRoute = (order: ControlMessage) => Promise<ControlDone>;

/** What operators may order about prices: pause, resume and refresh. */
export class Control {
  private route: ControlRoute = (order) => Promise.resolve(this.carryOut(order));

  constructor(
    private readonly pauses: Pauses,
    private readonly master: InstrumentMaster,
    private readonly supervisor: FeedSupervisor,
    private readonly refresher: Refresher,
    private readonly demand: Demand,
    private readonly clock: Clock,
  ) {}

  /** Sends orders another way than into this process alone. */
  through(route: ControlRoute): void {
    this.route = route;
  }

  /**
   * Has an order carried out, wherever that is.
   * @throws MarketDataError if it is wrong, or nobody could carry it out
   */
  async order(order: ControlMessage): Promise<ControlDone> {
    this.check(order);
    return await this.route(order);
  }

  /** @throws MarketDataError if a symbol does not exist, or cannot be resumed alone */
  check({ action, symbols }: ControlMessage): void {
    if (symbols.includes(ALL_SYMBOLS)) {
      if (symbols.length > 1) throw new InvalidMessageError(`"${ALL_SYMBOLS}" stands alone`);
      return;
    }
    for (const symbol of symbols) if (this.master.get(symbol) === undefined) throw new InvalidSymbolError(symbol);
    if (action === 'resume' && this.pauses.areAll)
      throw new InvalidMessageError(`every symbol is paused: resume "${ALL_SYMBOLS}"`);
  }

  /** Pauses or resumes in this process. */
  obey({ action, symbols }: ControlMessage): void {
    if (action === 'pause') this.pauses.pause(symbols.includes(ALL_SYMBOLS) ? [ALL_SYMBOLS] : symbols);
    else if (action === 'resume') this.pauses.resume(symbols);
  }

  /** Carries an order out in this process, which talks to the vendors. */
  carryOut(order: ControlMessage): ControlDone {
    const { action, symbols, id, by } = order;
    this.obey(order);
    const unasked = action === 'refresh' ? this.refresh(symbols) : [];
    return {
      action,
      symbols,
      ...(unasked.length > 0 && { unasked }),
      ...(id !== undefined && { id }),
      ...(by !== undefined && { by }),
      timestamp: this.clock.now(),
    };
  }

  /** Asks vendors now, whenever it would be due; their rate limits hold. Returns what no vendor can be asked for. */
  private refresh(symbols: readonly InstrumentId[]): InstrumentId[] {
    const ids = symbols.includes(ALL_SYMBOLS) ? this.demand.wanted() : new Set(symbols);
    const bySource = new Map<SnapshotSource, Instrument[]>();
    const unasked: InstrumentId[] = [];
    for (const id of ids) {
      const instrument = this.master.get(id);
      if (instrument === undefined) continue;
      const source = this.sourceOf(instrument);
      if (source === undefined) {
        unasked.push(id);
        continue;
      }
      const asked = bySource.get(source);
      if (asked === undefined) bySource.set(source, [instrument]);
      else asked.push(instrument);
    }
    for (const [source, instruments] of bySource) this.refresher.refresh(source, instruments);
    return unasked;
  }

  private sourceOf(instrument: Instrument): SnapshotSource | undefined {
    for (const carrier of this.supervisor.candidates(instrument)) {
      if (!isFeed(carrier) && isAble(carrier.status()) && !carrier.unserved().has(instrument.id)) return carrier;
    }
    return undefined;
  }
}
