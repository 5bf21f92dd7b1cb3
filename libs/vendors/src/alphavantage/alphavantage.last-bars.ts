import { type Clock, type EpochMs, type Instrument, type InstrumentId, MarketDataError, type Tick } from '#domain';
import type { CreditBudget } from '../transports/credit-budget.js';
import type { GuardedCall, Outcome } from '../transports/http-source.js';
import { NoQuoteError } from './alphavantage.body.js';
import type { AlphaVantageCalls } from './alphavantage.calls.js';

/** The bar of an instrument is asked for again this rarely: it costs a call for one symbol. */
const EVERY_MS = 300_000;
/** A bar is asked for if the budget allows it this soon, ms. */
const PATIENCE_MS = 2000;

/** Prices of instruments that have no quote, from their newest one-minute bar. */
export class LastBars {
  private readonly askedAt = new Map<InstrumentId, EpochMs>();

  constructor(
    private readonly isUsed: boolean,
    private readonly calls: AlphaVantageCalls,
    private readonly budget: CreditBudget,
    private readonly clock: Clock,
  ) {}

  /** The outcome, with the price of the newest bar where it has none and the bar is to be had. */
  async complete(call: GuardedCall, instrument: Instrument, outcome: Outcome): Promise<Outcome> {
    if (!isWithoutPrice(outcome) || !this.isUsed || !this.isDue(instrument)) return outcome;
    const bar = await call((client) => this.calls.lastBar(client, instrument), { credits: 1 });
    return bar instanceof MarketDataError ? outcome : withPrice(outcome, bar);
  }

  private isDue({ id }: Instrument): boolean {
    const now = this.clock.now();
    const askedAt = this.askedAt.get(id);
    if (askedAt !== undefined && now - askedAt < EVERY_MS) return false;
    if (this.budget.waitFor(1) > PATIENCE_MS) return false;
    this.askedAt.set(id, now);
    return true;
  }
}

function isWithoutPrice(outcome: Outcome): boolean {
  if (outcome instanceof MarketDataError) return outcome instanceof NoQuoteError;
  return outcome.price === undefined;
}

/** What a quote without price says beside it, and the price of a bar. */
function withPrice(outcome: Outcome, bar: Tick): Tick {
  if (outcome instanceof MarketDataError) return bar;
  const { price, eventTime, eventTimeStep } = bar;
  return { ...outcome, price, eventTime, eventTimeStep };
}
