import { type Clock, type Instrument, type InstrumentId, MarketDataError, type Tick, tick } from '#domain';
import type { GuardedCall, Outcome } from '../transports/http-source.js';
import { type BestOrders, parseDepth } from './bse.depth.parse.js';
import { parseGraph } from './bse.graph.parse.js';
import { parseScripHeader } from './bse.parse.js';
import type { BseSite } from './bse.site.js';
import { parseTrading } from './bse.trading.parse.js';
import { NoQuoteError } from './no-quote.error.js';
import { SideRoute } from './side-route.js';
import { type Moment, TradingMemory } from './trading-memory.js';

export interface QuotesOptions {
  /** Time between two questions for one scrip's trading, ms; 0 for none. */
  readonly tradingEveryMs: number;
  /** Whether to ask for the best orders with every header. */
  readonly depth: boolean;
}

/** How long a price waits for what comes beside it; what comes later is in the next quote. */
const PATIENCE_MS = 1500;
/** Time between two attempts at a route that fails. */
const PAUSE_MS = 15_000;
/** Time between two questions for one scrip's graph, ms; longer after one that has no price either, as after a refused side route. */
const REPAIR_EVERY_MS = 15_000;
const HOPELESS_MS = 300_000;

/** Merges what BSE tells of a scrip on several routes into one quote, with as few calls as that takes. */
export class BseQuotes {
  private readonly memories = new Map<InstrumentId, TradingMemory>();
  /** When a scrip's graph may be asked for again, by the clock that never runs backwards. */
  private readonly repairAt = new Map<InstrumentId, number>();
  private readonly tradingRoute: SideRoute;
  private readonly depthRoute: SideRoute;

  constructor(
    private readonly site: BseSite,
    private readonly options: QuotesOptions,
    private readonly clock: Clock,
  ) {
    this.tradingRoute = new SideRoute(PAUSE_MS, HOPELESS_MS, clock);
    this.depthRoute = new SideRoute(PAUSE_MS, HOPELESS_MS, clock);
  }

  /** The quote of one scrip, or why there is none. Never rejects. */
  async quote(call: GuardedCall, instrument: Instrument): Promise<Outcome> {
    const header = await this.site.ask(call, 'getScripHeaderData', scrip(instrument), (answer) =>
      parseScripHeader(answer, instrument, this.clock.now()),
    );
    if (header instanceof NoQuoteError && header.notice === '')
      return (await this.repaired(call, instrument)) ?? header;
    if (header instanceof MarketDataError) return header;
    const { eventTime, receivedAt } = header.tick;
    const moment = { eventTime, receivedAt, elapsed: this.clock.elapsed() };
    const [trading, orders] = await Promise.all([
      header.isPreOpen ? {} : this.trading(call, instrument, moment),
      this.options.depth ? this.inTime(this.orders(call, instrument)) : {},
    ]);
    return tick({ ...header.tick, ...trading, ...orders });
  }

  /** The trading of the header's day, asked for when it is due. */
  private async trading(call: GuardedCall, instrument: Instrument, moment: Moment): Promise<Partial<Tick>> {
    const { tradingEveryMs } = this.options;
    if (tradingEveryMs === 0) return {};
    const memory = this.memories.get(instrument.id) ?? new TradingMemory(tradingEveryMs);
    this.memories.set(instrument.id, memory);
    if (memory.isDue(moment)) await this.inTime(this.askTrading(call, instrument, memory, moment));
    return memory.at(moment);
  }

  private async askTrading(
    call: GuardedCall,
    { bseCode = '' }: Instrument,
    memory: TradingMemory,
    moment: Moment,
  ): Promise<void> {
    const query = { flag: '', quotetype: 'EQ', scripcode: bseCode };
    await this.tradingRoute.ask(async () => {
      const answered = memory.asking(moment);
      const trading = await this.site.ask(call, 'StockTrading', query, parseTrading);
      if (!(trading instanceof MarketDataError)) answered(trading);
      return trading;
    });
  }

  private orders(call: GuardedCall, instrument: Instrument): Promise<BestOrders | undefined> {
    return this.depthRoute.ask(() => this.site.ask(call, 'MarketDepth', scrip(instrument), parseDepth));
  }

  /** The last point of the graph, for a scrip whose header has no price though nothing says that it is suspended. */
  private async repaired(call: GuardedCall, instrument: Instrument): Promise<Tick | undefined> {
    const now = this.clock.elapsed();
    if (now < (this.repairAt.get(instrument.id) ?? 0)) return undefined;
    this.repairAt.set(instrument.id, now + REPAIR_EVERY_MS);
    const query = { scripcode: instrument.bseCode ?? '', flag: '0', fromdate: '', todate: '', seriesid: '' };
    const repaired = await this.site.ask(call, 'StockReachGraph', query, (answer) =>
      parseGraph(answer, instrument, this.clock.now()),
    );
    if (!(repaired instanceof MarketDataError)) return repaired;
    if (!repaired.retryable) this.repairAt.set(instrument.id, now + HOPELESS_MS);
    return undefined;
  }

  private async inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    let cancel = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.clock.after(PATIENCE_MS, () => resolve(undefined));
    });
    const first = await Promise.race([answer, late]);
    cancel();
    return first;
  }
}

function scrip({ bseCode = '' }: Instrument): Record<string, string> {
  return { Debtflag: '', scripcode: bseCode, seriesid: '' };
}
